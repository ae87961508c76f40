import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { httpRoute } from '../../activities/routes/httpRoute.ts';
import { nginxIngress } from '../../activities/routes/nginxIngress.ts';
import {
  checkRoutes,
  ensureRoutes,
  providersFor,
  restoreRoutes,
  routesDrifted,
} from '../../activities/routes/registry.ts';
import { ensureCanaryService } from '../../activities/routes/services.ts';
import type { Routing } from '../../domain/plan.ts';
import * as app from '../support/app.ts';
import { type Cluster, openCluster } from '../support/cluster.ts';
import { eventually } from '../support/wait.ts';
import { contextIn } from './context.ts';

const routing: Routing = {
  service: 'echoserver',
  ingress: { name: 'echoserver', classType: 'nginx' },
  gateway: { httpRouteName: 'echoserver' },
};
const plan = { disableGenerateCanaryService: false };

describe('the routes of a routing', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await openCluster('registry');
  });
  afterAll(() => cluster.close());

  it('are told in a fixed order: the Ingress, then the Gateway’s route', () => {
    expect(providersFor(routing)).toEqual([nginxIngress, httpRoute]);
    expect(providersFor({ service: 'echoserver' })).toEqual([]);
  });

  it('are checked together: each says what is wrong with it', async () => {
    const problems = await checkRoutes(cluster.kube, cluster.namespace, routing);
    expect(problems.map(({ code }) => code)).toEqual(['RouteNotFound', 'RouteNotFound']);
  });

  it('get no request for the new version before its pods are ready, and are put back together', async () => {
    const route = app.httpRoute(`${cluster.namespace}.example.com`).replace('name: sluice}', 'name: nobody}');
    await cluster.apply(app.manifests(app.service, app.ingress, route));
    expect(await checkRoutes(cluster.kube, cluster.namespace, routing, [{ traffic: 5 }])).toEqual([]);
    const context = contextIn(cluster, routing);
    const hash = 'f00';
    await ensureCanaryService(context, { canaryHash: hash, podLabels: {} });
    const ensured = ensureRoutes(context, { traffic: 40 }, 2);
    await eventually('the report', () =>
      context.reports.includes(`Service ${cluster.namespace}/echoserver-canary has 0 of 2 ready endpoints`),
    );
    expect(await cluster.get('ingresses', 'echoserver-canary')).toBeUndefined();
    for (const name of ['one', 'two'])
      await cluster.apply(
        `\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: {app: echoserver, pod-template-hash: ${hash}}}\nspec: {containers: [{name: web, image: 'cilium/echoserver:1.10.3'}]}\n`,
      );
    await ensured;
    expect(await routesDrifted(cluster.kube, cluster.namespace, routing, plan, { traffic: 40 })).toBe(false);
    expect(await routesDrifted(cluster.kube, cluster.namespace, routing, plan, { traffic: 50 })).toBe(true);
    await restoreRoutes(context);
    expect(await cluster.get('ingresses', 'echoserver-canary')).toBeUndefined();
    const restored = await cluster.get('httproutes', 'echoserver');
    expect(restored?.spec.rules?.[0]?.backendRefs?.map(({ name }) => name)).toEqual(['echoserver']);
  });

  it('need no ready pod to go back to nothing', async () => {
    await cluster.kubectl('delete', 'pod', 'one', 'two', '--wait=false');
    await ensureRoutes(contextIn(cluster, routing), { traffic: 0 });
    await restoreRoutes(contextIn(cluster, routing));
  });
});
