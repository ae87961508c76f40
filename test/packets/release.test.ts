/** Real requests, all the time, while an application is released, taken back, superseded and let go. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { asAsked, early, hasty, late, losses, overloads, split } from './judge.ts';
import type { Told } from './record.ts';
import { describePackets, podsFor, replicas, Scene, steps } from './scene.ts';

const rps = 150;

describePackets('requests through Envoy during a release', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open('packets');
  }, 120_000);
  afterAll(() => scene.close());

  it('all succeed, are divided as each step says, and never reach more of a version than its ready pods carry', async () => {
    const old = await scene.running();
    let version = '';
    const told = await scene.under(rps, async (load) => {
      version = await scene.publish();
      for (const [index, { weight }] of steps.entries()) {
        await scene.paused(index + 1);
        expect(await split(load, version, weight)).toEqual(asAsked);
        await scene.approve();
      }
      await scene.ended('Rollout progressing has been completed');
      expect((await load.measure(200)).byVersion[old] ?? 0).toBe(0);
    });
    flawless(told, [old, version]);
    expect(told.weights.map(({ percent }) => percent)).toEqual([0, 5, 40, 80, 0, null]);
    expect(hasty(told, version, podsFor)).toEqual([]);
    expect(early(told, version)).toBe(0);
  }, 180_000);

  it('all succeed while step 2 is taken back by re-applying the old image', async () => {
    const old = await scene.running();
    let version = '';
    const told = await scene.under(rps, async (load) => {
      version = await scene.publish();
      await scene.paused(1);
      await scene.approve();
      await scene.paused(2);
      expect(await split(load, version, 40)).toEqual(asAsked);
      await scene.putBack(old);
      await scene.ended('Rollout progressing has been canceled');
      expect((await load.measure(200)).byVersion[version] ?? 0).toBe(0);
    });
    flawless(told, [old, version]);
    expect({ early: early(told, version), late: late(told, version) }).toEqual({ early: 0, late: 0 });
    expect(told.behindStable).not.toContain(version);
  }, 180_000);

  it('all succeed while a third version is published in the middle', async () => {
    const versions = [await scene.running()];
    const told = await scene.under(rps, async (load) => {
      const second = await scene.publish();
      await scene.paused(1);
      await scene.approve();
      await scene.paused(2);
      const third = await scene.publish();
      versions.push(second, third);
      await scene.paused(1);
      expect(await split(load, third, 5)).toEqual(asAsked);
      expect((await load.measure(200)).byVersion[second] ?? 0).toBe(0);
      await scene.sluice.jump(scene.target, 3, { by: 'mara' });
      await scene.paused(3);
      expect(await split(load, third, 80)).toEqual(asAsked);
      await scene.approve();
      await scene.ended('Rollout progressing has been completed');
    });
    flawless(told, versions);
  }, 180_000);

  it('all succeed when the Rollout is deleted in the middle, and the new version is carried to every pod', async () => {
    const old = await scene.running();
    let version = '';
    const told = await scene.under(rps, async (load) => {
      version = await scene.publish();
      await scene.paused(1);
      await scene.approve();
      await scene.paused(2);
      await scene.cluster.kubectl('delete', 'rollout', 'rollouts-demo', '--timeout=60s');
      const { byVersion, requests } = await load.measure(200);
      expect(byVersion).toEqual({ [version]: requests });
    });
    flawless(told, [old, version]);
  }, 180_000);
});

function flawless(told: Told, versions: readonly string[]): void {
  expect(losses(told)).toEqual([]);
  expect(overloads(told, versions, replicas)).toEqual([]);
}
