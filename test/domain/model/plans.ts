/** Plans as releases are given them. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Pause, Plan, Routing, Step } from '../../../domain/plan.ts';

export const approval: Pause = { kind: 'approval' };
export const timed = (seconds: number): Pause => ({ kind: 'timed', seconds });

export const routing: Routing = { service: 'echo', ingress: { name: 'echo', classType: 'nginx' } };

/** A plan of the canary style; its hash follows from its content, pauses apart. */
export function planOf(steps: readonly Step[], change: Partial<Plan> = {}): Plan {
  const plan: Plan = {
    workload: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'echo' },
    style: 'canary',
    steps,
    routings: [routing],
    failureThreshold: 0,
    podMetadata: { labels: {}, annotations: {} },
    disableGenerateCanaryService: false,
    hash: '',
    ...change,
  };
  const { failureThreshold: _, hash: __, ...content } = plan;
  const text = JSON.stringify({ ...content, steps: steps.map(({ pause: _pause, ...step }) => step) });
  return { ...plan, hash: createHash('sha256').update(text).digest('hex').slice(0, 8) };
}

const pause = fc.oneof(
  fc.constant(approval),
  fc.constantFrom(0, 10, 60).map((seconds) => timed(seconds)),
);

const replicas = fc.oneof(
  fc.integer({ min: 1, max: 12 }),
  fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
  fc.constant('100%'),
);

const step: fc.Arbitrary<Step> = fc
  .record({
    replicas,
    pause,
    sends: fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 100 }).map((traffic) => ({ traffic })) },
      { weight: 1, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: fc.constant({ matches: [{ headers: [{ name: 'user', value: 'me', type: 'Exact' as const }] }] }),
      },
    ),
  })
  .map(({ sends, ...rest }) => ({ ...rest, ...sends }));

const stepsOf = (length: number) => fc.array(step, { minLength: length, maxLength: length });

/** A plan, and another for the same release: as long, as the API server allows only that while it is under way. */
export const twoPlans: fc.Arbitrary<readonly [Plan, Plan]> = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.boolean())
  .chain(([length, routed]) => {
    const routings = routed ? [routing] : [];
    return fc
      .tuple(stepsOf(length), stepsOf(length))
      .map(([one, other]) => [planOf(one, { routings }), planOf(other, { routings })] as const);
  });
