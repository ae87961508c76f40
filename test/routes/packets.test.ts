/** Real requests through Contour and Envoy while a route is divided, moved about and put back. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureRoutes, restoreRoutes } from '../../activities/routes/registry.ts';
import {
  ensureCanaryService,
  pinStableService,
  removeCanaryService,
  restoreStableService,
  waitForEndpoints,
} from '../../activities/routes/services.ts';
import { find } from '../../dev/stack.ts';
import * as app from '../support/app.ts';
import { type Cluster, openCluster } from '../support/cluster.ts';
import { eventually } from '../support/wait.ts';
import { contextIn } from './context.ts';

const dataPlane = find()?.dataPlane;
const envoy = dataPlane?.available === true ? dataPlane.envoyUrl : undefined;

type Answer = { readonly status: string; readonly version: string };

function ask(host: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve) => {
    const call = request(`${envoy}/`, { headers: { host, ...headers }, timeout: 5_000 }, (response) => {
      response.resume();
      response.on('end', () =>
        resolve({ status: String(response.statusCode), version: String(response.headers['x-version']) }),
      );
    });
    call.on('error', (error) => resolve({ status: error.message, version: '' }));
    call.end();
  });
}

const stopping: (() => void)[] = [];

/** Asks without pause, a few at a time, until stopped. */
function load(host: string): { readonly stop: () => Promise<Answer[]> } {
  const answers: Answer[] = [];
  let running = true;
  // A test that fails before it stops its load must not leave it running.
  stopping.push(() => {
    running = false;
  });
  const loops = Array.from({ length: 6 }, async () => {
    while (running) answers.push(await ask(host));
  });
  return {
    async stop() {
      running = false;
      await Promise.all(loops);
      return answers;
    },
  };
}

(envoy === undefined ? describe.skip : describe)('requests through Envoy', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await openCluster('packets');
  });
  afterAll(async () => {
    for (const stop of stopping) stop();
    await cluster.close();
  });

  it('never fail while the route is divided by weight, by header, all the way, and put back', async () => {
    const host = `${cluster.namespace}.example.com`;
    const twin = app
      .deployment({ image: 'cilium/echoserver:1.10.3', replicas: 2 })
      .replace('name: echoserver\n  labels', 'name: echoserver-new\n  labels');
    await cluster.apply(app.manifests(app.deployment({ replicas: 3 }), app.service, app.httpRoute(host)));
    await eventually('the first answer', async () => (await ask(host)).status === '200');
    const stableHash = await hashOf('echoserver');
    await pinStableService(cluster.kube, cluster.namespace, 'echoserver', stableHash);
    await cluster.apply(twin);
    const canaryHash = await hashOf('echoserver-new');
    const context = contextIn(cluster, { service: 'echoserver', gateway: { httpRouteName: 'echoserver' } });
    const all = load(host);

    await ensureCanaryService(context, { canaryHash, podLabels: {} });
    await ensureRoutes(context, { traffic: 20 }, 2);
    const at20 = await share(host, 400);
    expect(at20).toBeGreaterThan(0.1);
    expect(at20).toBeLessThan(0.3);
    const matches = [{ headers: [{ name: 'user', value: 'a', type: 'Exact' as const }] }];
    await ensureRoutes(context, { matches });
    expect(await share(host, 50, { user: 'a' })).toBe(1);
    expect(await share(host, 50)).toBe(0);
    await ensureRoutes(context, { traffic: 100 });
    expect(await share(host, 50)).toBe(1);
    await ensureRoutes(context, { traffic: 0 });
    expect(await share(host, 50)).toBe(0);
    await ensureRoutes(context, { traffic: 50 });
    await restoreRoutes(context);
    await removeCanaryService(cluster.kube, cluster.namespace, 'echoserver');
    await cluster.kubectl('delete', 'deployment', 'echoserver-new');
    await restoreStableService(cluster.kube, cluster.namespace, 'echoserver');
    await waitForEndpoints(
      context,
      'echoserver',
      (ready) => ready.length === 3,
      () => 'waiting',
    );
    expect(await share(host, 50)).toBe(0);

    const answers = await all.stop();
    expect(answers.length).toBeGreaterThan(100);
    expect(answers.filter(({ status }) => status !== '200')).toEqual([]);
  });

  async function hashOf(deployment: string): Promise<string> {
    await cluster.kubectl('rollout', 'status', `deployment/${deployment}`);
    const sets = await cluster.list('replicasets');
    const mine = sets.find(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === deployment));
    return mine?.metadata.labels?.['pod-template-hash'] ?? '';
  }

  async function share(host: string, count: number, headers?: Record<string, string>): Promise<number> {
    // The controller accepts a route just before the proxy has it: a moment, as a user would have it too.
    await new Promise((resolve) => setTimeout(resolve, 300));
    let canary = 0;
    for (let sent = 0; sent < count; sent += 1) if ((await ask(host, headers)).version.includes('1.10.3')) canary += 1;
    return canary / count;
  }
});
