import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HttpRoute, HttpRouteRule } from '../../activities/kube/objects.ts';
import { httpRoute } from '../../activities/routes/httpRoute.ts';
import { type Cluster, openCluster } from '../support/cluster.ts';
import { eventually } from '../support/wait.ts';
import { contextIn, type TestContext } from './context.ts';
import { playController } from './controller.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await openCluster('httproute');
});
afterAll(() => cluster.close());

// A Gateway that nobody serves: its controller is played by the tests.
const manifest = (name: string, rules: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ${name}, labels: {app: web}}
spec:
  parentRefs: [{name: nobody}]
  rules: ${rules}
`;
const simple = '[{backendRefs: [{name: web, port: 80}]}]';
const rich = `
    - matches: [{path: {type: PathPrefix, value: /api}, headers: [{name: env, value: prod}]}, {path: {value: /shop}}]
      filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [server]}}]
      backendRefs: [{name: web, port: 80}, {name: old, port: 80, weight: 3}]
      timeouts: {request: 5s}
    - matches: [{path: {value: /img}}]
      backendRefs: [{name: img, port: 80}]
    - backendRefs: [{name: web, port: 80, kind: Service}]
`;

function contextFor(name: string): TestContext {
  return contextIn(cluster, { service: 'web', gateway: { httpRouteName: name } });
}
async function stored(name: string): Promise<HttpRoute> {
  const object = await cluster.get('httproutes', name);
  if (object === undefined) throw new Error(`no HTTPRoute ${name}`);
  return object;
}
const weights = (rules: HttpRouteRule[] | undefined) =>
  rules?.map(({ backendRefs = [] }) => Object.fromEntries(backendRefs.map(({ name, weight }) => [name, weight])));
const usersPart = ({ metadata, spec }: HttpRoute) => ({
  labels: metadata.labels,
  annotations: metadata.annotations,
  spec,
});
const matches = [{ headers: [{ name: 'user', value: 'a', type: 'Exact' as const }] }];

describe('an HTTPRoute that no controller reports on', () => {
  it('is divided by weights and by matches in any order, and comes back as it was', async () => {
    await cluster.apply(manifest('rich', rich));
    const context = contextFor('rich');
    expect(await httpRoute.check(context, [{ traffic: 5 }, { matches }])).toEqual([]);
    const before = await stored('rich');
    await httpRoute.ensure(context, { traffic: 20 });
    const at20 = await stored('rich');
    expect(weights(at20.spec.rules)).toEqual([
      { web: 80, 'web-canary': 20, old: 300 },
      { img: 1 },
      { web: 80, 'web-canary': 20 },
    ]);
    await httpRoute.ensure(context, { traffic: 20 });
    expect((await stored('rich')).metadata.resourceVersion).toBe(at20.metadata.resourceVersion);
    expect(await httpRoute.drifted(context, { traffic: 20 })).toBe(false);
    await httpRoute.ensure(context, { matches, requestHeaderModifier: { set: [{ name: 'x-version', value: 'new' }] } });
    const byHeader = await stored('rich');
    expect(weights(byHeader.spec.rules)).toEqual([
      { 'web-canary': 1 },
      { web: 1, old: 3 },
      { img: 1 },
      { 'web-canary': 1 },
      { web: 1 },
    ]);
    expect(byHeader.spec.rules?.[0]?.matches).toEqual([
      {
        path: { type: 'PathPrefix', value: '/api' },
        headers: [
          { name: 'env', value: 'prod', type: 'Exact' },
          { name: 'user', value: 'a', type: 'Exact' },
        ],
      },
      { path: { type: 'PathPrefix', value: '/shop' }, headers: [{ name: 'user', value: 'a', type: 'Exact' }] },
    ]);
    await httpRoute.ensure(context, { traffic: 100 });
    expect(weights((await stored('rich')).spec.rules)?.[2]).toEqual({ web: 0, 'web-canary': 100 });
    await httpRoute.restore(context);
    expect(usersPart(await stored('rich'))).toEqual(usersPart(before));
    const { resourceVersion } = (await stored('rich')).metadata;
    await httpRoute.restore(context);
    expect((await stored('rich')).metadata.resourceVersion).toBe(resourceVersion);
  });

  it('is put right after a tool re-applied the user’s manifest, and keeps what the user changed in it', async () => {
    await cluster.apply(manifest('tool', simple));
    const context = contextFor('tool');
    await httpRoute.ensure(context, { traffic: 40 });
    await cluster.apply(manifest('tool', '[{backendRefs: [{name: web, port: 80}], timeouts: {request: 9s}}]'));
    await eventually('the drift', () => httpRoute.drifted(context, { traffic: 40 }));
    await httpRoute.ensure(context, { traffic: 40 });
    expect(weights((await stored('tool')).spec.rules)).toEqual([{ web: 60, 'web-canary': 40 }]);
    await httpRoute.restore(context);
    const route = await stored('tool');
    expect(weights(route.spec.rules)).toEqual([{ web: 1 }]);
    expect(route.spec.rules?.[0]?.timeouts).toEqual({ request: '9s' });
    expect(Object.keys(route.metadata.annotations ?? {})).toEqual(['kubectl.kubernetes.io/last-applied-configuration']);
  });

  it('is written by two releases and a user at once without loss', async () => {
    await cluster.apply(
      manifest(
        'busy',
        '[{matches: [{path: {value: /a}}], backendRefs: [{name: web, port: 80}]}, {matches: [{path: {value: /b}}], backendRefs: [{name: api, port: 80}]}]',
      ),
    );
    const before = await stored('busy');
    const web = contextFor('busy');
    const api = contextIn(cluster, { service: 'api', gateway: { httpRouteName: 'busy' } });
    const labels = Array.from({ length: 5 }, (_, index) =>
      cluster.kubectl('label', 'httproute', 'busy', '--overwrite', `round=${index}`),
    );
    await Promise.all([httpRoute.ensure(web, { traffic: 20 }), httpRoute.ensure(api, { traffic: 40 }), ...labels]);
    expect(weights((await stored('busy')).spec.rules)).toEqual([
      { web: 80, 'web-canary': 20 },
      { api: 60, 'api-canary': 40 },
    ]);
    await Promise.all([httpRoute.restore(web), httpRoute.restore(api)]);
    const { annotations, spec } = usersPart(await stored('busy'));
    expect({ annotations, spec }).toEqual({ annotations: before.metadata.annotations, spec: before.spec });
  });

  it('is waited for, with a report, while it is away or leads elsewhere', async () => {
    const context = contextFor('later');
    expect(await httpRoute.check(context)).toMatchObject([{ code: 'RouteNotFound' }]);
    const ensured = httpRoute.ensure(context, { traffic: 5 });
    await eventually('the report', () => context.reports.some((text) => text.includes('later is not there')));
    await cluster.apply(manifest('later', '[{backendRefs: [{name: web, port: 80, namespace: other}]}]'));
    await eventually('the report', () =>
      context.reports.some((text) => text.includes('no rule that leads to Service web')),
    );
    expect(await httpRoute.check(context)).toMatchObject([{ code: 'RouteNotUsable' }]);
    await cluster.apply(manifest('later', simple));
    await ensured;
    await cluster.kubectl('delete', 'httproute', 'later');
    await httpRoute.restore(context);
  });

  it('is refused beforehand where it has no room for a step', async () => {
    const paths = Array.from(
      { length: 9 },
      (_, index) => `{matches: [{path: {value: /${index}}}], backendRefs: [{name: web, port: 80}]}`,
    );
    await cluster.apply(manifest('full', `[${paths.join()}]`));
    const problems = await httpRoute.check(contextFor('full'), [{ traffic: 5 }, { matches }]);
    expect(problems).toMatchObject([{ code: 'RouteNotUsable', path: 'spec.strategy.canary.steps[1]' }]);
    expect(problems[0]?.message).toContain('takes 18 rules, and the Gateway API allows 16');
  });

  it('stays untouched when one Service is both stable and canary', async () => {
    await cluster.apply(manifest('same', simple));
    const before = await stored('same');
    const context = { ...contextFor('same'), canaryService: 'web' };
    await httpRoute.ensure(context, { traffic: 50 });
    await httpRoute.restore(context);
    expect(await stored('same')).toEqual(before);
  });
});

describe('an HTTPRoute that a controller reports on', () => {
  it('gets the canary with weight 0 first, and its share when that is accepted', async () => {
    await cluster.apply(manifest('gradual', simple));
    const controller = playController(cluster, 'gradual');
    await controller.says('True');
    const context = contextFor('gradual');
    const ensured = httpRoute.ensure(context, { traffic: 30 });
    await eventually('weight 0', async () => weights((await stored('gradual')).spec.rules)?.[0]?.['web-canary'] === 0);
    await eventually('the report', () =>
      context.reports.some((text) => text.includes('waiting for example.com/played')),
    );
    await controller.says('True');
    await eventually(
      'weight 30',
      async () => weights((await stored('gradual')).spec.rules)?.[0]?.['web-canary'] === 30,
    );
    await controller.says('True');
    await ensured;
    const restored = httpRoute.restore(context);
    await eventually('the rules', async () => weights((await stored('gradual')).spec.rules)?.[0]?.web === 1);
    await eventually('the report', () => context.reports.filter((text) => text.includes('waiting for')).length > 2);
    await controller.says('False', 'NotAllowed', 'whatever it says of the user’s own rules');
    await restored;
  });

  it('reports what the controller objects to, and goes on when it accepts', async () => {
    await cluster.apply(manifest('refused', simple));
    const controller = playController(cluster, 'refused');
    await controller.says('True');
    const context = contextFor('refused');
    const ensured = httpRoute.ensure(context, { traffic: 30 });
    await eventually('weight 0', async () => weights((await stored('refused')).spec.rules)?.[0]?.['web-canary'] === 0);
    await controller.says('False', 'BackendNotFound', 'Service web-canary not found');
    await eventually('the report', () =>
      context.reports.some((text) => text.includes('BackendNotFound') && text.includes('Service web-canary not found')),
    );
    const answering = controller.keepsSaying('True');
    await ensured;
    await httpRoute.restore(context);
    answering.stop();
    await answering.ended;
  });

  it('does not wait for a controller to mend what it refused before', async () => {
    await cluster.apply(manifest('broken', simple));
    const controller = playController(cluster, 'broken');
    await controller.says('False', 'RefNotPermitted', 'another backend is not allowed');
    expect(await httpRoute.check(contextFor('broken'))).toEqual([]);
    const answering = controller.keepsSaying('False', 'RefNotPermitted', 'another backend is not allowed');
    await httpRoute.ensure(contextFor('broken'), { traffic: 30 });
    await httpRoute.ensure(contextFor('broken'), { traffic: 60 });
    await httpRoute.restore(contextFor('broken'));
    answering.stop();
    await answering.ended;
  });
});
