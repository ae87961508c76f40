/** A step that selects requests by a header (A/B testing): those get the new version, all others the old one. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { asAsked, early, losses, overloads, split } from './judge.ts';
import { describePackets, replicas, Scene } from './scene.ts';

const header = { 'user-agent': 'android' };
const steps = [
  { replicas: 1, matches: [{ headers: [{ type: 'Exact', name: 'user-agent', value: 'android' }] }], pause: {} },
  { weight: 60, pause: {} },
];

describePackets('requests through Envoy in an A/B test', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open('matches', { steps });
  }, 120_000);
  afterAll(() => scene.close());

  it('get the new version when they have the header and the old one when not, and none fails', async () => {
    const old = await scene.running();
    let version = '';
    const chosen = { early: 0, losses: [] as unknown[] };
    const others = await scene.under(100, async (plain) => {
      const marked = await scene.under(
        50,
        async (withHeader) => {
          version = await scene.publish();
          await scene.paused(1);
          const [all, none] = await Promise.all([split(withHeader, version, 100), split(plain, version, 0)]);
          expect([all, none]).toEqual([asAsked, asAsked]);
          await scene.approve();
          await scene.paused(2);
          const both = await Promise.all([split(withHeader, version, 60), split(plain, version, 60)]);
          expect(both).toEqual([asAsked, asAsked]);
          await scene.putBack(old);
          await scene.ended('Rollout progressing has been canceled');
          expect((await withHeader.measure(100)).byVersion[version] ?? 0).toBe(0);
        },
        header,
      );
      chosen.early = early(marked, version);
      chosen.losses = losses(marked);
    });
    expect(chosen).toEqual({ early: 0, losses: [] });
    expect(losses(others)).toEqual([]);
    expect(overloads(others, [old, version], replicas)).toEqual([]);
    expect(early(others, version)).toBe(0);
  }, 180_000);
});
