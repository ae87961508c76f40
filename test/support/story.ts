/** What several stories do and look at. */
import type { RolloutObject } from '../../activities/kube/objects.ts';
import type { Cluster } from './cluster.ts';
import { eventually } from './wait.ts';

type Status = {
  phase?: string;
  message?: string;
  currentStepIndex?: number;
  currentStepState?: string;
  conditions?: { type: string; status: string; reason: string; message: string }[];
  canaryStatus?: Record<string, unknown>;
};

export async function statusOf(cluster: Cluster, name = 'rollouts-demo'): Promise<Status> {
  const object: RolloutObject | undefined = await cluster.get('rollouts', name);
  return (object?.status ?? {}) as Status;
}

/** Waits until the Rollout's status has these fields. */
export async function reaches(
  cluster: Cluster,
  wanted: Partial<Status>,
  name = 'rollouts-demo',
  deadline = 30_000,
): Promise<Status> {
  let last: Status = {};
  return eventually(
    `Rollout ${name} to reach ${JSON.stringify(wanted)}`,
    async () => {
      last = await statusOf(cluster, name);
      const there = Object.entries(wanted).every(([field, value]) => last[field as keyof Status] === value);
      return there ? last : undefined;
    },
    { deadline, seen: () => last },
  );
}

/** As `kubectl-kruise rollout approve` does it. */
export async function approveByStatus(cluster: Cluster, name = 'rollouts-demo'): Promise<void> {
  const patch = { status: { canaryStatus: { currentStepState: 'StepReady' } } };
  await cluster.kubectl('patch', 'rollout', name, '--subresource=status', '--type=merge', '-p', JSON.stringify(patch));
}

export async function setImage(cluster: Cluster, image: string): Promise<void> {
  await cluster.kubectl('set', 'image', 'deployment/echoserver', `echoserver=${image}`);
}

/** Everything a user owns here, without what the cluster itself writes: for comparing before and after. */
export async function usersObjects(cluster: Cluster): Promise<Record<string, unknown>> {
  const objects: Record<string, unknown> = {};
  for (const kind of ['deployments', 'services', 'ingresses', 'httproutes'] as const)
    for (const object of await cluster.kube.connection
      .call<{ items: { metadata: { name: string } & Record<string, unknown>; spec: unknown }[] }>(
        'GET',
        pathIn(cluster, kind),
      )
      .then(({ items }) => items)
      .catch(noSuchKind)) {
      const { name, labels, annotations = {}, finalizers, ownerReferences } = object.metadata;
      const { 'deployment.kubernetes.io/revision': _, ...kept } = annotations as Record<string, string>;
      objects[`${kind}/${name}`] = { labels, annotations: kept, finalizers, ownerReferences, spec: object.spec };
    }
  return objects;
}

/** A stack without data plane has no Gateway API. */
function noSuchKind(error: { status?: number }): [] {
  if (error.status === 404) return [];
  throw error;
}

function pathIn({ namespace }: Cluster, kind: 'deployments' | 'services' | 'ingresses' | 'httproutes'): string {
  const groups = {
    deployments: 'apis/apps/v1',
    services: 'api/v1',
    ingresses: 'apis/networking.k8s.io/v1',
    httproutes: 'apis/gateway.networking.k8s.io/v1',
  };
  return `/${groups[kind]}/namespaces/${namespace}/${kind}`;
}
