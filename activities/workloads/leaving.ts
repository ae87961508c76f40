/** The way out of a canary's pods: its Deployment is gone at once, they go when the garbage collector comes to them. */
import { keys } from '../keys.ts';
import type { Kube } from '../kube/kube.ts';
import type { KubeObject, OwnerReference } from '../kube/objects.ts';
import type { Waiting } from '../waiting.ts';

/**
 * Resolves when every pod that the workload's selector finds is the workload's own, somebody else's, or on its way out.
 * Until then a Service with that selector would send requests to the version that was taken back.
 */
export async function canaryPodsLeft(
  kube: Kube,
  namespace: string,
  workload: string,
  { signal, observe }: Waiting,
): Promise<void> {
  const owner = await kube.read('deployments', namespace, workload);
  if (owner === undefined) return;
  const labels = Object.entries(owner.spec.selector.matchLabels ?? {});
  const deployments = kube.copy('deployments', namespace);
  const sets = kube.copy('replicasets', namespace);
  const pods = kube.copy('pods', namespace);
  const lives = (set: OwnerReference | undefined): boolean => {
    const found = sets.list(namespace).find(({ metadata }) => metadata.uid === set?.uid);
    if (found === undefined) return false;
    const above = controllerOf(found, 'Deployment');
    if (above === undefined) return true;
    const deployment = deployments.get(namespace, above.name);
    return deployment?.metadata.uid === above.uid && deployment.metadata.labels?.[keys.canaryDeployment] !== workload;
  };
  const stays = (pod: KubeObject): boolean => {
    const set = controllerOf(pod, 'ReplicaSet');
    if (pod.metadata.deletionTimestamp !== undefined || set === undefined) return false;
    return labels.every(([key, value]) => pod.metadata.labels?.[key] === value) && !lives(set);
  };
  const look = () => {
    if (!deployments.synced || !sets.synced || !pods.synced) return false;
    const left = pods.list(namespace).filter(stays);
    if (left.length === 0) return true;
    const names = left.map(({ metadata }) => metadata.name).join(', ');
    observe({ ready: 0, updated: 0, problem: `pods of the version taken back have yet to go: ${names}` });
    return false;
  };
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  try {
    await Promise.race([
      deployments.until(look, both, ({ metadata }) => metadata.namespace === namespace),
      sets.until(look, both),
      pods.until(look, both),
    ]);
  } finally {
    stop.abort(new Error('the wait is over'));
  }
}

function controllerOf({ metadata }: KubeObject, kind: string): OwnerReference | undefined {
  return metadata.ownerReferences?.find((owner) => owner.controller === true && owner.kind === kind);
}
