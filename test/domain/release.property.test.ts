import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Happening, happenings, meddlings, rest } from './model/events.ts';
import { twoPlans } from './model/plans.ts';
import { World } from './model/world.ts';

const runs = Number(process.env.SLUICE_PROPERTY_RUNS ?? 1500);

/** A release under way, then anything in any order, then rest. The trace is what fast-check shows of a failure. */
function story(extra: readonly Happening[] = []) {
  return twoPlans.chain((plans) => {
    const any = happenings(plans);
    const what =
      extra.length === 0 ? any : fc.oneof({ weight: 9, arbitrary: any }, fc.constantFrom<Happening>(...extra));
    return fc.record({
      plan: fc.constant(plans[0]),
      replicas: fc.integer({ min: 1, max: 12 }),
      happens: fc.array(what, { maxLength: 60 }),
    });
  });
}

function tell({
  plan,
  replicas,
  happens,
}: {
  plan: World['cluster']['plan'];
  replicas: number;
  happens: Happening[];
}): World {
  const world = new World(replicas, plan);
  world.cluster.publish('v2');
  world.deliver();
  for (const { to } of happens) to(world);
  return world;
}

/** What a release at rest may wait for: people, and pods of a version that has none ready. */
function checkRest(world: World, waits: string): void {
  const { cluster, run } = world;
  const stuck = ['upgrade', 'finalise', 'route', 'finishOlder'].includes(waits);
  if (stuck) expect([...cluster.broken]).not.toEqual([]);
  else expect(['nothing', 'decision', 'workload']).toContain(waits);
  if (waits === 'nothing') expect({ run, held: cluster.held }).toEqual({ run: undefined, held: false });
  for (const [version, { ready }] of cluster.canaries) if (ready === 0) expect(cluster.sendsTo(version)).toBe(false);
}

describe('any release, whatever happens', () => {
  it('keeps its promises at every moment, and comes to an end or to a person', () => {
    fc.assert(
      fc.property(story(), (told) => {
        const world = tell(told);
        checkRest(world, rest(world));
      }),
      { numRuns: runs },
    );
  });

  it('puts right what others do to what it made, and leaves nothing of it either', () => {
    fc.assert(
      fc.property(story(meddlings), (told) => {
        const world = tell(told);
        checkRest(world, rest(world));
      }),
      { numRuns: runs },
    );
  });
});
