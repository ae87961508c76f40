/** Taking a Deployment's hold, putting a version back, and letting it roll by itself again. */
import { keys } from '../keys.ts';
import { isStatus, KubeError } from '../kube/errors.ts';
import type { Kube } from '../kube/kube.ts';
import type { Deployment, PodTemplate } from '../kube/objects.ts';
import type { Waiting } from '../waiting.ts';
import { podTrouble } from './pods.ts';
import { revisionOf } from './template.ts';

/** Changes the images and holds the Deployment, in one write: for releases that a client starts. */
export async function holdWith(
  kube: Kube,
  namespace: string,
  name: string,
  rolloutName: string,
  images: Readonly<Record<string, string>>,
): Promise<void> {
  await changing(kube, namespace, name, (object) => {
    const containers = object.spec.template.spec.containers;
    for (const container of Object.keys(images))
      if (!containers.some((one) => one.name === container))
        throw new KubeError(
          `Deployment ${namespace}/${name} has no container "${container}": it has ${containers.map((one) => one.name).join(', ')}`,
          422,
          'NoSuchContainer',
        );
    const changed = containers.map((one) => {
      const image = images[one.name];
      return image === undefined ? one : { ...one, image };
    });
    if (changed.every((one, index) => one.image === containers[index]?.image)) return undefined;
    return {
      metadata: { annotations: { [keys.inProgressing]: JSON.stringify({ rolloutName }) } },
      spec: { paused: true, template: { spec: { containers: changed } } },
    };
  });
}

/** Puts the template of the version with `podTemplateHash` back into the held Deployment. */
export async function putBack(kube: Kube, namespace: string, name: string, podTemplateHash: string): Promise<void> {
  const held = await kube.read('deployments', namespace, name);
  if (held === undefined) return;
  const template = await templateOf(kube, held, podTemplateHash);
  await changing(kube, namespace, name, (object) => {
    if (revisionOf(template) === revisionOf(object.spec.template)) return undefined;
    return { spec: { paused: true, template: replacing(object.spec.template, template) } };
  });
}

/** The template of an earlier version, from its ReplicaSet. */
export async function templateOf(kube: Kube, object: Deployment, podTemplateHash: string): Promise<PodTemplate> {
  const { name, namespace = '', uid } = object.metadata;
  const set = (await kube.readAll('replicasets', namespace)).find(
    (one) =>
      one.metadata.labels?.[keys.podTemplateHash] === podTemplateHash &&
      one.metadata.ownerReferences?.some((owner) => owner.uid === uid),
  );
  if (set === undefined)
    throw new KubeError(
      `Deployment ${namespace}/${name} has no ReplicaSet with ${keys.podTemplateHash} ${podTemplateHash} any more: put the version back by applying it`,
      422,
      'NoSuchVersion',
    );
  const { [keys.podTemplateHash]: _, ...labels } = set.spec.template.metadata?.labels ?? {};
  return { ...set.spec.template, metadata: { ...set.spec.template.metadata, labels } };
}

/** Takes the hold off: the annotation goes and the Deployment rolls by itself, in one write. */
export async function release(kube: Kube, namespace: string, name: string, expected: readonly string[]): Promise<void> {
  const object = await changing(kube, namespace, name, (held) => {
    if (!expected.includes(revisionOf(held.spec.template)) || !isHeld(held)) return undefined;
    const paused = held.metadata.annotations?.[keys.originalPaused] === 'true' ? true : null;
    return {
      metadata: { annotations: { [keys.inProgressing]: null, [keys.originalPaused]: null } },
      spec: { paused },
    };
  });
  if (object === undefined || !expected.includes(revisionOf(object.spec.template)) || !isHeld(object)) return;
  throw new KubeError(
    `Deployment ${namespace}/${name} stays held: an admission policy puts the hold back; run "sluice install" to bring the policies in step with this worker`,
    0,
    'StillHeld',
  );
}

export function isHeld(object: Deployment): boolean {
  return object.metadata.annotations?.[keys.inProgressing] !== undefined;
}

/**
 * Lets the Deployment roll and resolves when it has: all pods updated and enough available by its own maxUnavailable. A
 * hold that comes back for an expected version is taken off again. One that its owner has paused is waited for only if
 * `patient`. False when another version is in its template: what
 * rolls then is not this release.
 */
export async function resume(
  kube: Kube,
  namespace: string,
  name: string,
  expected: readonly string[],
  waiting: Waiting,
  patient = true,
): Promise<boolean> {
  for (;;) {
    await release(kube, namespace, name, expected);
    const seen = await rolledOut(kube, namespace, name, expected, waiting, patient);
    if (seen !== 'held') return seen === 'rolled';
  }
}

async function rolledOut(
  kube: Kube,
  namespace: string,
  name: string,
  expected: readonly string[],
  { signal, observe }: Waiting,
  patient: boolean,
): Promise<'rolled' | 'held' | 'other'> {
  const copy = kube.copy('deployments', namespace);
  let seen: 'rolled' | 'held' | 'other' | undefined;
  const look = () => {
    const object = copy.get(namespace, name);
    if (object === undefined || !expected.includes(revisionOf(object.spec.template))) return 'other';
    if (isHeld(object)) return 'held';
    const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = object.status ?? {};
    const wanted = object.spec.replicas ?? 1;
    if (
      observedGeneration >= (object.metadata.generation ?? 0) &&
      updatedReplicas === replicas &&
      updatedReplicas >= wanted &&
      availableReplicas + maxUnavailable(object) >= wanted
    )
      return 'rolled';
    // Its owner had paused it before the release, or has now: it will not roll until they say so.
    const paused = object.spec.paused === true;
    if (paused && !patient) return 'rolled';
    const stopped = `Deployment ${namespace}/${name} is paused by its owner: kubectl rollout resume deployment/${name} -n ${namespace}`;
    const problem = paused ? stopped : trouble(kube, namespace, object);
    observe({ ready: availableReplicas, updated: updatedReplicas, problem });
    return undefined;
  };
  const rolled = () => {
    seen = look();
    return seen !== undefined;
  };
  await copy.until(rolled, signal, ({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  return seen ?? 'other';
}

function trouble(kube: Kube, namespace: string, object: Deployment): string {
  const sets = kube
    .copy('replicasets', namespace)
    .list(namespace)
    .filter((set) => set.metadata.ownerReferences?.some((owner) => owner.uid === object.metadata.uid));
  const uids = new Set(sets.map((set) => set.metadata.uid));
  const pods = kube.copy('pods', namespace).list(namespace);
  return podTrouble(pods.filter((pod) => pod.metadata.ownerReferences?.some((owner) => uids.has(owner.uid))));
}

/** Pods that may be missing by the Deployment's own strategy: percentages round down, as the native controller does. */
function maxUnavailable(object: Deployment): number {
  const replicas = object.spec.replicas ?? 1;
  const value =
    object.spec.strategy?.rollingUpdate?.maxUnavailable ?? (object.spec.strategy?.type === 'Recreate' ? 0 : '25%');
  return typeof value === 'number' ? value : Math.floor((Number.parseInt(value, 10) * replicas) / 100);
}

/** Read, decide, write at that very version; again when another writer was faster. */
async function changing(
  kube: Kube,
  namespace: string,
  name: string,
  change: (object: Deployment) => Record<string, unknown> | undefined,
): Promise<Deployment | undefined> {
  let object = await kube.read('deployments', namespace, name);
  for (;;) {
    if (object === undefined) return undefined;
    const patch = change(object);
    if (patch === undefined) return object;
    try {
      return await kube.patch('deployments', namespace, name, patch, {
        resourceVersion: object.metadata.resourceVersion,
      });
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
      object = await kube.get('deployments', namespace, name);
    }
  }
}

/** `after` as a merge patch over `before`: fields that are gone must be named with null. */
export function replacing(before: unknown, after: unknown): unknown {
  if (!isMap(before) || !isMap(after)) return after;
  const removed = Object.keys(before).filter((key) => !(key in after));
  return {
    ...Object.fromEntries(Object.entries(after).map(([key, value]) => [key, replacing(before[key], value)])),
    ...Object.fromEntries(removed.map((key) => [key, null])),
  };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
