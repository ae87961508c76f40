/** A route context over a test's own namespace, and what was reported through it. */

import type { RouteContext } from '../../activities/routes/provider.ts';
import type { Routing } from '../../domain/plan.ts';
import type { Cluster } from '../support/cluster.ts';

export type TestContext = RouteContext & { readonly reports: string[]; readonly stop: () => void };

/** The routing's own Service is the stable one. */
export function contextIn(
  { kube, namespace }: Cluster,
  routing: Routing,
  more: Partial<RouteContext> = {},
): TestContext {
  const controller = new AbortController();
  const reports: string[] = [];
  return {
    kube,
    namespace,
    routing,
    stableService: routing.service,
    canaryService: `${routing.service}-canary`,
    signal: controller.signal,
    report: (waitingFor) => void reports.push(waitingFor),
    reports,
    stop: () => controller.abort(new Error('the test is over')),
    ...more,
  };
}

/** A ConfigMap to own what is made: a Rollout would set a worker of the same stack to work. */
export async function ownerIn(cluster: Cluster): Promise<NonNullable<RouteContext['owner']>> {
  await cluster.kubectl('create', 'configmap', 'owner');
  const uid = await cluster.kubectl('get', 'configmap', 'owner', '-o', 'jsonpath={.metadata.uid}');
  return { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid, controller: true, blockOwnerDeletion: true };
}
