import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Ingress } from '../../activities/kube/objects.ts';
import { canaryAnnotations, ingressClasses } from '../../activities/routes/ingressClasses.ts';
import { nginxIngress } from '../../activities/routes/nginxIngress.ts';
import type { RouteMatch } from '../../domain/plan.ts';
import { type Cluster, openCluster } from '../support/cluster.ts';
import { eventually } from '../support/wait.ts';
import { contextIn, ownerIn, type TestContext } from './context.ts';

const prefix = 'nginx.ingress.kubernetes.io/';
const short = (annotations: Record<string, string>) =>
  Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key.replace(prefix, ''), value]));
const header = (name: string, value: string, type: 'Exact' | 'RegularExpression' = 'Exact'): RouteMatch => ({
  headers: [{ name, value, type }],
});

describe('the annotations of class nginx', () => {
  const nginx = ingressClasses.nginx;
  if (nginx === undefined) throw new Error('class nginx is not known');
  const annotations = (...args: Parameters<typeof canaryAnnotations> extends [unknown, infer S] ? [S] : never) =>
    short(canaryAnnotations(nginx, args[0]));

  it('say a weight', () => {
    expect(annotations({ traffic: 5 })).toEqual({ canary: 'true', 'canary-weight': '5' });
    expect(annotations({})).toEqual({ canary: 'true', 'canary-weight': '0' });
  });

  it('say a header by value or by pattern, and a cookie', () => {
    expect(annotations({ matches: [header('user', 'a')] })).toEqual({
      canary: 'true',
      'canary-by-header': 'user',
      'canary-by-header-value': 'a',
    });
    expect(
      annotations({ matches: [header('user', 'a.*', 'RegularExpression'), header('canary-by-cookie', 'beta')] }),
    ).toEqual({
      canary: 'true',
      'canary-by-header': 'user',
      'canary-by-header-pattern': 'a.*',
      'canary-by-cookie': 'beta',
    });
  });

  it('say both a header and a weight, and of two headers the last alone', () => {
    const matches = [header('user', 'a.*', 'RegularExpression'), header('region', 'b')];
    expect(annotations({ traffic: 20, matches })).toEqual({
      canary: 'true',
      'canary-weight': '20',
      'canary-by-header': 'region',
      'canary-by-header-value': 'b',
    });
  });
});

describe('the canary Ingress', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await openCluster('ingress');
  });
  afterAll(() => cluster.close());

  const manifest = (name: string, rules: string, annotations = '{"nginx.ingress.kubernetes.io/rewrite-target": /}') => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ${name}, labels: {app: ${name}}, annotations: ${annotations}}
spec:
  ingressClassName: nginx
  tls: [{hosts: [a.example.com], secretName: cert}]
  rules: ${rules}
`;
  const path = (at: string, service: string) =>
    `{path: ${at}, pathType: Prefix, backend: {service: {name: ${service}, port: {number: 80}}}}`;
  const mixed = `[{host: a.example.com, http: {paths: [${path('/', 'web')}, ${path('/old', 'old')}, {path: /img, pathType: Prefix, backend: {resource: {apiGroup: k8s.example.com, kind: Bucket, name: img}}}]}}, {host: b.example.com}, {host: c.example.com, http: {paths: [${path('/', 'old')}]}}]`;

  function contextFor(name: string, classType = 'nginx', more = {}): TestContext {
    return contextIn(cluster, { service: 'web', ingress: { name, classType } }, more);
  }
  async function stored(name: string): Promise<Ingress> {
    const object = await cluster.get('ingresses', name);
    if (object === undefined) throw new Error(`no Ingress ${name}`);
    return object;
  }
  async function seen(name: string, test: (object: Ingress | undefined) => boolean): Promise<void> {
    await eventually(`${name} in the copy`, () =>
      test(cluster.kube.copy('ingresses', cluster.namespace).get(cluster.namespace, name)),
    );
  }

  it('leads the hosts and paths of the stable Service to the canary, and nothing else', async () => {
    await cluster.apply(manifest('web', mixed));
    const owner = await ownerIn(cluster);
    const context = contextFor('web', 'nginx', { owner });
    expect(await nginxIngress.check(context)).toEqual([]);
    const before = await stored('web');
    await nginxIngress.ensure(context, { traffic: 5 });
    const canary = await stored('web-canary');
    expect(canary.spec).toEqual({
      ingressClassName: 'nginx',
      tls: [{ hosts: ['a.example.com'], secretName: 'cert' }],
      rules: [
        {
          host: 'a.example.com',
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: { service: { name: 'web-canary', port: { number: 80 } } } },
            ],
          },
        },
      ],
    });
    expect(canary.metadata.labels).toEqual({ app: 'web' });
    expect(canary.metadata.ownerReferences).toEqual([owner]);
    expect(short(canary.metadata.annotations ?? {})).toEqual({
      'rewrite-target': '/',
      canary: 'true',
      'canary-weight': '5',
      'sluice.dev/stable-service': 'web',
    });
    await nginxIngress.ensure(context, { traffic: 5 });
    expect((await stored('web-canary')).metadata.resourceVersion).toBe(canary.metadata.resourceVersion);
    await nginxIngress.ensure(context, { matches: [header('user', 'a')] });
    expect(short((await stored('web-canary')).metadata.annotations ?? {})).toEqual({
      'rewrite-target': '/',
      canary: 'true',
      'canary-by-header': 'user',
      'canary-by-header-value': 'a',
      'sluice.dev/stable-service': 'web',
    });
    expect(await nginxIngress.drifted(context, { matches: [header('user', 'a')] })).toBe(false);
    await nginxIngress.restore(context);
    await nginxIngress.restore(context);
    expect(await cluster.get('ingresses', 'web-canary')).toBeUndefined();
    expect(await stored('web')).toEqual(before);
  });

  it('is not made for nothing', async () => {
    await cluster.apply(manifest('idle', mixed));
    await nginxIngress.ensure(contextFor('idle'), { traffic: 0 });
    expect(await cluster.get('ingresses', 'idle-canary')).toBeUndefined();
  });

  it('follows the user’s Ingress, and is put right after someone changed or deleted it', async () => {
    await cluster.apply(manifest('live', mixed));
    const context = contextFor('live');
    await nginxIngress.ensure(context, { traffic: 20 });
    await cluster.apply(manifest('live', `[{host: new.example.com, http: {paths: [${path('/x', 'web')}]}}]`, '{}'));
    await seen('live', (object) => object?.spec.rules?.[0]?.host === 'new.example.com');
    expect(await nginxIngress.drifted(context, { traffic: 20 })).toBe(true);
    await nginxIngress.ensure(context, { traffic: 20 });
    const canary = await stored('live-canary');
    expect(canary.spec.rules?.map(({ host }) => host)).toEqual(['new.example.com']);
    expect(canary.metadata.annotations?.[`${prefix}rewrite-target`]).toBeUndefined();

    await cluster.kubectl(
      'annotate',
      'ingress',
      'live-canary',
      '--overwrite',
      `${prefix}canary-weight=90`,
      'other.example.com/note=kept',
    );
    await seen('live-canary', (object) => object?.metadata.annotations?.[`${prefix}canary-weight`] === '90');
    expect(await nginxIngress.drifted(context, { traffic: 20 })).toBe(true);
    await nginxIngress.ensure(context, { traffic: 20 });
    expect((await stored('live-canary')).metadata.annotations).toMatchObject({
      [`${prefix}canary-weight`]: '20',
      'other.example.com/note': 'kept',
    });

    await cluster.kubectl('delete', 'ingress', 'live-canary');
    await seen('live-canary', (object) => object === undefined);
    await nginxIngress.ensure(context, { traffic: 20 });
    expect((await stored('live-canary')).metadata.annotations?.[`${prefix}canary-weight`]).toBe('20');
  });

  it('that is not ours is refused, never overwritten and never deleted', async () => {
    await cluster.apply(manifest('taken', mixed));
    await cluster.apply(manifest('taken-canary', `[{http: {paths: [${path('/', 'web-canary')}]}}]`));
    const context = contextFor('taken');
    expect(await nginxIngress.check(context)).toMatchObject([{ code: 'Conflict' }]);
    const before = await stored('taken-canary');
    await nginxIngress.restore(context);
    const ensured = nginxIngress.ensure(context, { traffic: 5 });
    await eventually('the report', () =>
      context.reports.some((text) => text.includes('taken-canary is not of this release')),
    );
    expect(await stored('taken-canary')).toEqual(before);
    await cluster.kubectl('delete', 'ingress', 'taken-canary');
    await ensured;
    expect((await stored('taken-canary')).metadata.annotations?.['sluice.dev/stable-service']).toBe('web');
  });

  it('waits, saying so, while the user’s Ingress is away, and stops when the release has other plans', async () => {
    const context = contextFor('later');
    expect(await nginxIngress.check(context)).toMatchObject([{ code: 'RouteNotFound' }]);
    const ensured = nginxIngress.ensure(context, { traffic: 5 });
    await eventually('the report', () => context.reports.some((text) => text.includes('later is not there')));
    await cluster.apply(manifest('later', mixed));
    await ensured;
    const other = contextFor('never');
    const waiting = nginxIngress.ensure(other, { traffic: 5 });
    await eventually('the report', () => other.reports.length > 0);
    other.stop();
    await expect(waiting).rejects.toThrow('the test is over');
  });

  it('is refused beforehand where it could not say what a step asks', async () => {
    await cluster.apply(manifest('checked', mixed));
    await cluster.apply(manifest('elsewhere', `[{http: {paths: [${path('/', 'old')}]}}]`));
    expect(await nginxIngress.check(contextFor('elsewhere'))).toMatchObject([{ code: 'RouteNotUsable' }]);
    expect(await nginxIngress.check(contextFor('checked', 'traefik'))).toMatchObject([{ code: 'Unsupported' }]);
    expect(await nginxIngress.check(contextFor('checked', 'higress'))).toEqual([]);
    const problems = await nginxIngress.check(contextFor('checked'), [
      { traffic: 5 },
      { matches: [header('user', 'a'), { path: { type: 'Exact', value: '/new' } }] },
    ]);
    expect(problems).toMatchObject([{ code: 'Unsupported', path: 'spec.strategy.canary.steps[1].matches[1]' }]);
    expect(problems[0]?.message).toContain('the path /new');
  });
});
