/** Real requests while people change their minds and a worker dies: aborted, undone, sent back, killed in the middle. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { asAsked, early, hasty, late, losses, overloads, split } from './judge.ts';
import type { Told } from './record.ts';
import { describePackets, podsFor, replicas, Scene } from './scene.ts';

const rps = 150;
const by = { by: 'mara' };

describePackets('requests through Envoy while a release is steered', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open('steered');
  }, 120_000);
  afterAll(() => scene.close());

  it('all succeed while a release is aborted, and then undone', async () => {
    const old = await scene.running();
    let version = '';
    const told = await scene.under(rps, async (load) => {
      version = await scene.publish();
      await scene.paused(1);
      await scene.sluice.jump(scene.target, 3, by);
      await scene.paused(3);
      expect(await split(load, version, 80)).toEqual(asAsked);
      await scene.sluice.abort(scene.target, by);
      await scene.aborted();
      expect(await split(load, version, 0)).toEqual(asAsked);
      await scene.sluice.undo(scene.target, by);
      await scene.ended('Rollout progressing has been canceled');
      expect(await scene.running()).toBe(old);
    });
    flawless(told, [old, version]);
    expect({ early: early(told, version), late: late(told, version) }).toEqual({ early: 0, late: 0 });
    expect(told.behindStable).not.toContain(version);
  }, 180_000);

  it('all succeed while a release goes back from step 3 to step 1, and its new pods stay', async () => {
    const old = await scene.running();
    let version = '';
    const told = await scene.under(rps, async (load) => {
      version = await scene.publish();
      await scene.paused(1);
      await scene.sluice.jump(scene.target, 3, by);
      await scene.paused(3);
      expect(await split(load, version, 80)).toEqual(asAsked);
      await scene.sluice.jump(scene.target, 1, by);
      await scene.paused(1);
      expect(await split(load, version, 5)).toEqual(asAsked);
      await scene.sluice.undo(scene.target, by);
      await scene.ended('Rollout progressing has been canceled');
    });
    flawless(told, [old, version]);
    expect(hasty(told, version, podsFor)).toEqual([]);
    expect(late(told, version)).toBe(0);
    expect(told.behindStable).not.toContain(version);
  }, 180_000);

  it('all succeed while workers are killed between the two halves of a traffic shift, and while the next is written', async () => {
    const old = await scene.running();
    let version = '';
    const told = await scene.under(rps, async (load) => {
      const introduced = scene.killWhen(0);
      version = await scene.publish();
      await introduced;
      await scene.paused(1);
      expect(await split(load, version, 5)).toEqual(asAsked);
      const shifted = scene.killWhen(40);
      await scene.approve();
      await shifted;
      await scene.paused(2);
      expect(await split(load, version, 40)).toEqual(asAsked);
      const restored = scene.killWhen(undefined);
      await scene.sluice.jump(scene.target, 3, by);
      await scene.paused(3);
      await scene.approve();
      await restored;
      await scene.ended('Rollout progressing has been completed');
    });
    flawless(told, [old, version]);
    expect(told.weights.map(({ percent }) => percent)).toEqual([0, 5, 40, 80, 0, null]);
    expect(hasty(told, version, podsFor)).toEqual([]);
    expect(early(told, version)).toBe(0);
  }, 180_000);
});

function flawless(told: Told, versions: readonly string[]): void {
  expect(losses(told)).toEqual([]);
  expect(overloads(told, versions, replicas)).toEqual([]);
}
