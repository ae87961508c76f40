/** A Deployment released canary style: it stays held at the stable version while a second Deployment runs the new one. */
import type { PodMetadataPatch } from '../../domain/plan.ts';
import { type Amount, toleratedFailures } from '../../domain/plan.ts';
import type { Facts, Version } from '../../domain/release.ts';
import { keys } from '../keys.ts';
import { KubeError } from '../kube/errors.ts';
import type { Kube } from '../kube/kube.ts';
import type { Deployment, KubeObject, OwnerReference, PodTemplate, ReplicaSet } from '../kube/objects.ts';
import type { Waiting } from '../waiting.ts';
import { replacing } from './hold.ts';
import { podTrouble } from './pods.ts';
import { imagesOf, revisionOf, shortHash } from './template.ts';

export type Workload = NonNullable<Facts['workload']>;

/** ReplicaSets of a Deployment, oldest first. */
function replicaSetsOf(all: readonly ReplicaSet[], deployment: Deployment): ReplicaSet[] {
  return all
    .filter((set) => set.metadata.ownerReferences?.some((owner) => owner.uid === deployment.metadata.uid))
    .sort((one, other) => Date.parse(one.metadata.creationTimestamp) - Date.parse(other.metadata.creationTimestamp));
}

/** The ReplicaSet of the Deployment's own template: not the newest one, when somebody went back to an older template. */
function replicaSetOf(all: readonly ReplicaSet[], deployment: Deployment): ReplicaSet | undefined {
  const revision = revisionOf(deployment.spec.template);
  return replicaSetsOf(all, deployment).findLast((set) => revisionOf(set.spec.template) === revision);
}

function versionOf(set: ReplicaSet): Version {
  return {
    revision: revisionOf(set.spec.template),
    podTemplateHash: set.metadata.labels?.[keys.podTemplateHash] ?? '',
    images: imagesOf(set.spec.template),
  };
}

/** How the Deployment stands; undefined when it is not there. */
export async function lookAtDeployment(
  kube: Kube,
  namespace: string,
  name: string,
  atLeast?: string,
): Promise<{ object: Deployment; workload: Workload } | undefined> {
  const object = await kube.read('deployments', namespace, name, atLeast);
  if (object === undefined || object.metadata.deletionTimestamp !== undefined) return undefined;
  const revision = revisionOf(object.spec.template);
  const active = replicaSetsOf(await kube.readAll('replicasets', namespace), object)
    .filter(hasPods)
    .map(versionOf);
  const current = active.find((version) => version.revision === revision);
  return {
    object,
    workload: {
      replicas: object.spec.replicas ?? 1,
      revision,
      images: imagesOf(object.spec.template),
      held: object.metadata.annotations?.[keys.inProgressing] !== undefined,
      generation: object.metadata.generation ?? 0,
      progressDeadlineSeconds: object.spec.progressDeadlineSeconds ?? 600,
      rolloutId: object.metadata.labels?.[keys.rolloutId] ?? '',
      older: active.filter((version) => version.revision !== revision),
      queued: object.metadata.annotations?.[keys.queuedTemplate] !== undefined,
      ...(current === undefined ? {} : { current }),
    },
  };
}

function hasPods(set: ReplicaSet): boolean {
  return (set.spec.replicas ?? 0) > 0 || (set.status?.replicas ?? 0) > 0;
}

/** Canary Deployments of a workload, whichever release made them. */
async function canariesOf(kube: Kube, namespace: string, stable: string): Promise<Deployment[]> {
  const all = await kube.readAll('deployments', namespace);
  return all.filter((object) => object.metadata.labels?.[keys.canaryDeployment] === stable);
}

/** Names of the pods of all canary Deployments of a workload. */
export async function canaryPodNames(kube: Kube, namespace: string, stable: string): Promise<Set<string>> {
  const owners = new Set((await canariesOf(kube, namespace, stable)).map(({ metadata }) => metadata.uid));
  const isOf = (object: KubeObject, uids: Set<string>) =>
    object.metadata.ownerReferences?.some(({ uid }) => uids.has(uid)) === true;
  const sets = (await kube.readAll('replicasets', namespace)).filter((set) => isOf(set, owners));
  const uids = new Set(sets.map(({ metadata }) => metadata.uid));
  const pods = await kube.readAll('pods', namespace);
  return new Set(pods.filter((pod) => isOf(pod, uids)).map(({ metadata }) => metadata.name));
}

/** The canary Deployment that runs `revision`, unless it is on its way out. */
export async function canaryOf(
  kube: Kube,
  namespace: string,
  stable: string,
  revision: string,
): Promise<Deployment | undefined> {
  const all = await canariesOf(kube, namespace, stable);
  return all.find(
    (object) =>
      object.metadata.annotations?.[keys.revision] === revision && object.metadata.deletionTimestamp === undefined,
  );
}

export type CanaryRequest = {
  readonly namespace: string;
  readonly stable: string;
  readonly revision: string;
  readonly pods: number;
  readonly podMetadata: PodMetadataPatch;
  readonly failureThreshold: Amount;
  readonly owner?: OwnerReference;
};

/**
 * Brings up `pods` pods of the held version in the canary Deployment and resolves when they are available, their
 * endpoints included. Never shrinks it below what it was asked for before.
 */
export async function upgradeCanary(
  kube: Kube,
  request: CanaryRequest,
  { signal, observe }: Waiting,
): Promise<{ deployment: string; podTemplateHash: string; ready: number }> {
  const { namespace, stable, revision, pods } = request;
  const canary = await ensureCanary(kube, request);
  const name = canary.metadata.name;
  const deployments = kube.copy('deployments', namespace);
  const sets = kube.copy('replicasets', namespace);
  const podCopy = kube.copy('pods', namespace);
  const setOf = () => {
    const live = deployments.get(namespace, name);
    return live === undefined ? undefined : replicaSetOf(sets.list(namespace), live);
  };
  const template = revisionOf(canary.spec.template);
  const look = () => {
    const live = deployments.get(namespace, name);
    if (live === undefined || live.metadata.deletionTimestamp !== undefined)
      throw new KubeError(
        `Deployment ${namespace}/${name} was deleted while its pods were awaited; it is made anew`,
        0,
        'Vanished',
      );
    // The API server's answer to our own write is what to expect: another admission may have changed what was written.
    const newer = (live.metadata.generation ?? 0) > (canary.metadata.generation ?? 0);
    if (
      newer &&
      (live.spec.replicas !== pods || live.spec.paused === true || revisionOf(live.spec.template) !== template)
    )
      throw new KubeError(
        `Deployment ${namespace}/${name} was changed while its pods were awaited; it is put right`,
        0,
        'Meddled',
      );
    const ready = live.status?.availableReplicas ?? 0;
    const updated = live.status?.updatedReplicas ?? 0;
    const observed = (live.status?.observedGeneration ?? 0) >= (canary.metadata.generation ?? 0);
    const there = observed && updated >= pods && ready + toleratedFailures(request.failureThreshold, updated) >= pods;
    const whole = there && (pods === 0 || ready >= 1) && setOf() !== undefined;
    if (!whole) {
      const hash = setOf()?.metadata.labels?.[keys.podTemplateHash];
      const mine = podCopy
        .list(namespace)
        .filter((pod) => hash !== undefined && pod.metadata.labels?.[keys.podTemplateHash] === hash)
        .filter((pod) => pod.metadata.ownerReferences?.some(({ uid }) => uid === setOf()?.metadata.uid));
      observe({ ready, updated, problem: podTrouble(mine) });
    }
    return whole;
  };
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  // Of a long name the API server takes only so much for the names of pods.
  const prefix = `${name}-`.slice(0, 57);
  const isOurs = ({ metadata }: KubeObject) =>
    metadata.namespace === namespace && (metadata.name === name || metadata.name.startsWith(prefix));
  // Any of the three collections may bring the news; the first that makes the whole come true ends the wait.
  try {
    await Promise.race([
      deployments.until(look, both, isOurs),
      sets.until(() => deployments.synced && look(), both, isOurs),
      podCopy.until(() => deployments.synced && sets.synced && look(), both, isOurs),
    ]);
  } finally {
    stop.abort(new Error('the wait is over'));
  }
  const live = deployments.get(namespace, name);
  const podTemplateHash = setOf()?.metadata.labels?.[keys.podTemplateHash] ?? '';
  await removeOthers(kube, namespace, stable, revision);
  return { deployment: name, podTemplateHash, ready: live?.status?.availableReplicas ?? 0 };
}

async function ensureCanary(kube: Kube, request: CanaryRequest): Promise<Deployment> {
  const { namespace, stable, revision } = request;
  const existing = await canaryOf(kube, namespace, stable, revision);
  if (existing !== undefined) {
    const change = canaryPatch(existing, await kube.read('deployments', namespace, stable), request);
    return change === undefined ? existing : kube.patch('deployments', namespace, existing.metadata.name, change);
  }
  const held = await kube.get('deployments', namespace, stable);
  if (held === undefined || revisionOf(held.spec.template) !== revision)
    throw new KubeError(`Deployment ${namespace}/${stable} no longer has revision ${revision}`, 0, 'Changed');
  const taken = new Set((await canariesOf(kube, namespace, stable)).map((object) => object.metadata.name));
  for (let attempt = 0; ; attempt += 1) {
    const name = `${stable}-${shortHash(`${held.metadata.uid}/${revision}/${attempt}`, 5)}`;
    if (taken.has(name)) continue;
    const { object } = await kube.create('deployments', canaryObject(name, held, request));
    if (object.metadata.deletionTimestamp === undefined) return object;
  }
}

type Asked = Pick<CanaryRequest, 'revision' | 'pods' | 'podMetadata'>;

/** The patch that makes a canary Deployment as it was asked for, whatever others did to it; undefined when it is. */
function canaryPatch(
  live: Deployment,
  held: Deployment | undefined,
  { revision, pods, podMetadata }: Asked,
): Record<string, unknown> | undefined {
  // With another version in the held Deployment, this one's template is nowhere to be had any more.
  const known = held !== undefined && revisionOf(held.spec.template) === revision;
  const template = known ? patched(held.spec.template, podMetadata) : live.spec.template;
  const other = revisionOf(template) !== revisionOf(live.spec.template);
  if (live.spec.replicas === pods && live.spec.paused !== true && !other) return undefined;
  return {
    spec: { replicas: pods, paused: null, ...(other ? { template: replacing(live.spec.template, template) } : {}) },
  };
}

/** True if the canary Deployment is not as the release left it, or its pods have another hash than they had then. */
export async function canaryDrifted(
  kube: Kube,
  canary: Deployment | undefined,
  held: Deployment | undefined,
  { canaryHash, ...asked }: Asked & { readonly canaryHash: string },
): Promise<boolean> {
  if (canary === undefined || canaryPatch(canary, held, asked) !== undefined) return true;
  const set = replicaSetOf(await kube.readAll('replicasets', canary.metadata.namespace ?? ''), canary);
  return set !== undefined && set.metadata.labels?.[keys.podTemplateHash] !== canaryHash;
}

function canaryObject(name: string, held: Deployment, request: CanaryRequest) {
  const { paused: _, template, ...spec } = held.spec;
  return {
    metadata: {
      name,
      namespace: request.namespace,
      labels: { [keys.canaryDeployment]: request.stable },
      annotations: { [keys.revision]: request.revision },
      // Someone's `kubectl delete` must not take the pods away while requests go to them.
      finalizers: [keys.canaryFinalizer],
      ...(request.owner === undefined ? {} : { ownerReferences: [request.owner] }),
    },
    spec: { ...spec, replicas: request.pods, template: patched(template, request.podMetadata) },
  };
}

function patched(template: PodTemplate, metadata: PodMetadataPatch): PodTemplate {
  const labels = { ...template.metadata?.labels, ...metadata.labels };
  const annotations = { ...template.metadata?.annotations, ...metadata.annotations };
  // The API server drops empty maps: a template with one would seem to differ for ever from what is stored.
  const changes = {
    ...(Object.keys(metadata.labels).length === 0 ? {} : { labels }),
    ...(Object.keys(metadata.annotations).length === 0 ? {} : { annotations }),
  };
  if (Object.keys(changes).length === 0) return template;
  return { ...template, metadata: { ...template.metadata, ...changes } };
}

/** Canary Deployments that someone deleted, or of a version no longer released, go once the right one stands. */
async function removeOthers(kube: Kube, namespace: string, stable: string, revision: string): Promise<void> {
  const right = await canaryOf(kube, namespace, stable, revision);
  for (const object of await canariesOf(kube, namespace, stable))
    if (object.metadata.uid !== right?.metadata.uid) await removeCanary(kube, object);
}

async function removeCanary(kube: Kube, object: Deployment): Promise<void> {
  const { name, namespace = '', uid, finalizers = [] } = object.metadata;
  await kube.delete('deployments', namespace, name, uid);
  if (!finalizers.includes(keys.canaryFinalizer)) return;
  const rest = finalizers.filter((finalizer) => finalizer !== keys.canaryFinalizer);
  try {
    await kube.patch('deployments', namespace, name, {
      metadata: { uid, finalizers: rest.length === 0 ? null : rest },
    });
  } catch (error) {
    if ((error as KubeError).status !== 404) throw error;
  }
}

/** Removes every canary Deployment of the workload and resolves when they are gone. */
export async function removeCanaries(
  kube: Kube,
  namespace: string,
  stable: string,
  signal: AbortSignal,
): Promise<void> {
  for (const object of await canariesOf(kube, namespace, stable)) await removeCanary(kube, object);
  const copy = kube.copy('deployments', namespace);
  await copy.until(
    () => !copy.list(namespace).some((object) => object.metadata.labels?.[keys.canaryDeployment] === stable),
    signal,
  );
}
