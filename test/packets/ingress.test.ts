/**
 * An application reached by an Ingress. Nobody here reads the annotations that divide requests, so what is seen is the
 * way to the stable Service: its pods and its pin, while the release's own Ingress is of class nginx.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ingress, manifests, onIngress } from '../support/app.ts';
import { losses, overloads } from './judge.ts';
import { describePackets, replicas, Scene } from './scene.ts';

/** The way in that is served, to the same Service. */
function served(host: string): string {
  return `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: front
spec:
  ingressClassName: contour
  rules:
    - host: ${host}
      http:
        paths: [{ path: /, pathType: Prefix, backend: { service: { name: echoserver, port: { number: 80 } } } }]
`;
}

describePackets('requests to the stable Service by an Ingress', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open('ingress', { front: (host) => manifests(ingress, served(host)), route: onIngress });
  }, 120_000);
  afterAll(() => scene.close());

  it('all succeed during a release, and get nothing but the old version until the last step is approved', async () => {
    const old = await scene.running();
    let version = '';
    let approved = 0;
    const told = await scene.under(150, async (load) => {
      version = await scene.publish();
      for (const step of [1, 2, 3]) {
        await scene.paused(step);
        await load.measure(100);
        approved = Date.now();
        await scene.approve();
      }
      await scene.ended('Rollout progressing has been completed');
      const { byVersion, requests } = await load.measure(100);
      expect(byVersion).toEqual({ [version]: requests });
    });
    expect(losses(told)).toEqual([]);
    expect(overloads(told, [old, version], replicas)).toEqual([]);
    const before = told.moments.filter(({ to }) => to <= approved);
    expect(before.reduce((sum, { byVersion }) => sum + (byVersion[version] ?? 0), 0)).toBe(0);
  }, 180_000);

  it('all succeed while a release is taken back in its second step', async () => {
    const old = await scene.running();
    let version = '';
    const told = await scene.under(150, async () => {
      version = await scene.publish();
      await scene.paused(1);
      await scene.approve();
      await scene.paused(2);
      await scene.putBack(old);
      await scene.ended('Rollout progressing has been canceled');
    });
    expect(losses(told)).toEqual([]);
    expect(told.total.byVersion[version] ?? 0).toBe(0);
  }, 180_000);
});
