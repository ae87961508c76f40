import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Service } from '../../activities/kube/objects.ts';
import {
  canaryServiceName,
  checkService,
  ensureCanaryService,
  pinStableService,
  readyEndpoints,
  removeCanaryService,
  restoreStableService,
  servicesDrifted,
  waitForEndpoints,
} from '../../activities/routes/services.ts';
import { type Cluster, openCluster } from '../support/cluster.ts';
import { eventually } from '../support/wait.ts';
import { contextIn, ownerIn } from './context.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await openCluster('services');
});
afterAll(() => cluster.close());

function service(name: string, spec: string): string {
  return `
apiVersion: v1
kind: Service
metadata: {name: ${name}, labels: {app: ${name}}, annotations: {team: blue}}
spec: ${spec}
`;
}
const plain = '{ports: [{name: http, port: 80, targetPort: 8080}], selector: {app: web, tier: front}}';

async function stored(name: string): Promise<Service> {
  const object = await cluster.get('services', name);
  if (object === undefined) throw new Error(`no Service ${name}`);
  return object;
}
function usersPart({ metadata, spec }: Service) {
  return { labels: metadata.labels, annotations: metadata.annotations, spec };
}

describe('the canary Service', () => {
  it('is a ClusterIP copy of a LoadBalancer, without its addresses, its ports on nodes and its kubectl record', async () => {
    await cluster.apply(
      service(
        'lb',
        `{type: LoadBalancer, externalTrafficPolicy: Local, loadBalancerSourceRanges: [10.0.0.0/8], sessionAffinity: ClientIP, externalIPs: [192.0.2.7], ports: [{name: http, port: 80, targetPort: 8080}], selector: {app: web, tier: front}}`,
      ),
    );
    const owner = await ownerIn(cluster);
    const context = contextIn(cluster, { service: 'lb' }, { owner });
    await ensureCanaryService(context, { canaryHash: 'c1', podLabels: { tier: 'canary', other: 'x' } });
    const canary = await stored('lb-canary');
    expect(canary.spec).toMatchObject({
      type: 'ClusterIP',
      sessionAffinity: 'ClientIP',
      selector: { app: 'web', tier: 'canary', 'pod-template-hash': 'c1' },
      ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
    });
    expect(Object.keys(canary.spec.selector ?? {})).toHaveLength(3);
    for (const field of ['externalIPs', 'externalTrafficPolicy', 'healthCheckNodePort', 'loadBalancerSourceRanges'])
      expect(canary.spec[field]).toBeUndefined();
    expect(canary.spec.ports?.[0]?.nodePort).toBeUndefined();
    expect(canary.metadata.labels).toEqual({ app: 'lb' });
    expect(canary.metadata.annotations).toEqual({ team: 'blue', 'sluice.dev/stable-service': 'lb' });
    expect(canary.metadata.ownerReferences).toEqual([owner]);
  });

  it('is left alone when it is right, and put right when someone changed it or the stable one', async () => {
    await cluster.apply(service('web', plain));
    const context = contextIn(cluster, { service: 'web' });
    const pods = { canaryHash: 'c1', podLabels: {} };
    await ensureCanaryService(context, pods);
    const { resourceVersion } = (await stored('web-canary')).metadata;
    await ensureCanaryService(context, pods);
    expect((await stored('web-canary')).metadata.resourceVersion).toBe(resourceVersion);
    const expected = { stableHash: '', canaryHash: 'c1', split: { traffic: 5 } };
    const plan = { disableGenerateCanaryService: false, podMetadata: { labels: {}, annotations: {} } };
    expect(await servicesDrifted(cluster.kube, cluster.namespace, { service: 'web' }, plan, expected)).toBe(false);

    await cluster.kubectl(
      'patch',
      'service',
      'web-canary',
      '-p',
      '{"spec":{"selector":{"pod-template-hash":"other","more":"x"}}}',
    );
    await cluster.kubectl('patch', 'service', 'web', '-p', '{"spec":{"ports":[{"port":9090,"name":"more"}]}}');
    await eventually('the change in the copy', () =>
      servicesDrifted(cluster.kube, cluster.namespace, { service: 'web' }, plan, expected),
    );
    await eventually(
      'the stable change in the copy',
      () => cluster.kube.copy('services', cluster.namespace).get(cluster.namespace, 'web')?.spec.ports?.length === 2,
    );
    await ensureCanaryService(context, pods);
    const canary = await stored('web-canary');
    expect(canary.spec.selector).toEqual({ app: 'web', tier: 'front', 'pod-template-hash': 'c1' });
    expect(canary.spec.ports?.map(({ port }) => port).sort()).toEqual([80, 9090]);
    await removeCanaryService(cluster.kube, cluster.namespace, 'web');
    expect(await cluster.get('services', 'web-canary')).toBeUndefined();
  });

  it('is headless where the stable one is', async () => {
    await cluster.apply(service('bare', '{clusterIP: None, ports: [{port: 80}], selector: {app: web}}'));
    await ensureCanaryService(contextIn(cluster, { service: 'bare' }), { canaryHash: 'c1', podLabels: {} });
    expect((await stored('bare-canary')).spec.clusterIP).toBe('None');
  });

  it('never takes over a Service that is not ours, and goes on when that is gone', async () => {
    await cluster.apply(service('shop', plain));
    await cluster.apply(service('shop-canary', plain));
    expect(await checkService(cluster.kube, cluster.namespace, 'shop')).toMatchObject([{ code: 'Conflict' }]);
    const before = usersPart(await stored('shop-canary'));
    await removeCanaryService(cluster.kube, cluster.namespace, 'shop');
    const context = contextIn(cluster, { service: 'shop' });
    const ensured = ensureCanaryService(context, { canaryHash: 'c1', podLabels: {} });
    await eventually('the report', () =>
      context.reports.some((text) => text.includes('shop-canary is not of this release')),
    );
    expect(usersPart(await stored('shop-canary'))).toEqual(before);
    await cluster.kubectl('delete', 'service', 'shop-canary');
    await ensured;
    expect((await stored('shop-canary')).spec.selector?.['pod-template-hash']).toBe('c1');
  });

  it('cannot be made of what has no pods, and this is said beforehand', async () => {
    await cluster.apply(service('outside', '{type: ExternalName, externalName: example.com}'));
    await cluster.apply(service('manual', '{ports: [{port: 80}]}'));
    const check = (name: string) => checkService(cluster.kube, cluster.namespace, name);
    expect(await check('nowhere')).toMatchObject([{ code: 'ServiceNotFound' }]);
    expect((await check('outside'))[0]?.message).toContain('ExternalName');
    expect((await check('manual'))[0]?.message).toContain('has no selector');
  });
});

describe('the pin of the stable Service', () => {
  it('comes off without a trace', async () => {
    await cluster.apply(service('pinned', plain));
    const before = usersPart(await stored('pinned'));
    await pinStableService(cluster.kube, cluster.namespace, 'pinned', 's1');
    await pinStableService(cluster.kube, cluster.namespace, 'pinned', 's1');
    expect((await stored('pinned')).spec.selector).toEqual({ app: 'web', tier: 'front', 'pod-template-hash': 's1' });
    await restoreStableService(cluster.kube, cluster.namespace, 'pinned');
    await restoreStableService(cluster.kube, cluster.namespace, 'pinned');
    expect(usersPart(await stored('pinned'))).toEqual(before);
  });

  it('gives back the value its owner had, also after a second pin and after a re-applied manifest', async () => {
    const manifest = service('own', '{ports: [{port: 80}], selector: {app: web, pod-template-hash: mine}}');
    await cluster.apply(manifest);
    const before = usersPart(await stored('own'));
    await pinStableService(cluster.kube, cluster.namespace, 'own', 's1');
    await pinStableService(cluster.kube, cluster.namespace, 'own', 's2');
    await cluster.apply(manifest);
    await eventually(
      'the change in the copy',
      () =>
        cluster.kube.copy('services', cluster.namespace).get(cluster.namespace, 'own')?.spec.selector?.[
          'pod-template-hash'
        ] === 'mine',
    );
    await pinStableService(cluster.kube, cluster.namespace, 'own', 's2');
    expect((await stored('own')).spec.selector?.['pod-template-hash']).toBe('s2');
    await restoreStableService(cluster.kube, cluster.namespace, 'own');
    expect(usersPart(await stored('own'))).toEqual(before);
  });

  it('is never made without knowing the revision, nor of a Service that is not there', async () => {
    await expect(pinStableService(cluster.kube, cluster.namespace, 'web', '')).rejects.toThrow('not known yet');
    await expect(pinStableService(cluster.kube, cluster.namespace, 'nowhere', 's1')).rejects.toThrow('create it again');
    await restoreStableService(cluster.kube, cluster.namespace, 'nowhere');
  });

  it('leaves a Service alone that was never pinned', async () => {
    await cluster.apply(service('free', '{ports: [{port: 80}], selector: {app: web, pod-template-hash: mine}}'));
    await restoreStableService(cluster.kube, cluster.namespace, 'free');
    expect((await stored('free')).spec.selector).toEqual({ app: 'web', 'pod-template-hash': 'mine' });
  });

  it('does not find its way into the canary Service', async () => {
    await cluster.apply(service('both', '{ports: [{port: 80}], selector: {app: web, pod-template-hash: mine}}'));
    await pinStableService(cluster.kube, cluster.namespace, 'both', 's1');
    await ensureCanaryService(contextIn(cluster, { service: 'both' }), { canaryHash: 'c1', podLabels: {} });
    const canary = await stored(canaryServiceName('both'));
    expect(canary.spec.selector).toEqual({ app: 'web', 'pod-template-hash': 'c1' });
    expect(canary.metadata.annotations).toEqual({ team: 'blue', 'sluice.dev/stable-service': 'both' });
  });
});

describe('the endpoints of a Service', () => {
  it('are waited for until the pods are ready', async () => {
    await cluster.apply(service('live', '{ports: [{port: 80, targetPort: 8080}], selector: {app: live}}'));
    const context = contextIn(cluster, { service: 'live' });
    const waited = waitForEndpoints(
      context,
      'live',
      (ready) => ready.length >= 2,
      (ready) => `${ready.length} of 2`,
    );
    await eventually('the report', () => context.reports.includes('0 of 2'));
    await cluster.apply(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: live}
spec:
  replicas: 2
  selector: {matchLabels: {app: live}}
  template:
    metadata: {labels: {app: live}}
    spec: {containers: [{name: web, image: 'cilium/echoserver:1.10.2'}]}
`);
    await waited;
    const { ready } = await readyEndpoints(cluster.kube, cluster.namespace, 'live');
    expect(ready).toHaveLength(2);
    expect(ready.every(({ ip, pod }) => ip !== '' && pod.startsWith('live-'))).toBe(true);
  });
});
