/** What of the cluster concerns a release that is under way: when this changes, it is told to look. */
import { keys } from '../activities/keys.ts';
import type { Kube } from '../activities/kube/kube.ts';
import type { Deployment, RolloutObject } from '../activities/kube/objects.ts';
import { revisionOf, shortHash } from '../activities/workloads/template.ts';
import type { Problem } from '../domain/problems.ts';
import type { ParsedRollout } from '../spec/rollout.ts';

type Status = {
  phase?: string;
  currentStepState?: string;
  conditions?: { type: string; reason?: string }[];
  canaryStatus?: {
    currentStepIndex?: number;
    nextStepIndex?: number;
    currentStepState?: string;
    canaryRevision?: string;
  };
};

/** The Rollout a workload is held for, undefined when it is not held. */
export function rolloutNameOf(object: Deployment): string | undefined {
  const annotation = object.metadata.annotations?.[keys.inProgressing];
  if (annotation === undefined) return undefined;
  try {
    const { rolloutName } = JSON.parse(annotation) as { rolloutName?: unknown };
    return typeof rolloutName === 'string' ? rolloutName : undefined;
  } catch {
    return undefined;
  }
}

/** Is a release of this Rollout under way, or due? */
export function isActive(rollout: RolloutObject, parsed: ParsedRollout, workload: Deployment | undefined): boolean {
  if (workload !== undefined && rolloutNameOf(workload) === rollout.metadata.name) return true;
  const status = (rollout.status ?? {}) as Status;
  if (status.phase === 'Progressing' || status.phase === 'Disabling') return true;
  const ended =
    status.conditions?.some(({ type, reason }) => type === 'Terminating' && reason === 'Completed') === true;
  return parsed.switches.deleting && status.phase === 'Terminating' && !ended;
}

/**
 * What a release was last told. Each part counts for itself, and only when it says something: what a release writes
 * itself (a step reached, a wish written over) must not wake it.
 */
export type Digest = {
  /** The objects the release is about: always counts. */
  readonly subject: string;
  /** A wish in the status; empty when there is none. */
  readonly wish: string;
  /** What would keep a release from beginning; counts while it has not. */
  readonly obstacles: string;
  /** What the release made or changed; empty while it is itself at work on it. */
  readonly made: string;
};

/**
 * What a release that was told `before` has to see in `now`. `made` alone may be the release's own next write, seen before
 * the status that announces it: it is news when it stays.
 */
export function newsIn(before: Digest | undefined, now: Digest): 'none' | 'made' | 'more' {
  if (before === undefined || before.subject !== now.subject) return 'more';
  if (now.wish !== '' && now.wish !== before.wish) return 'more';
  if (now.obstacles !== before.obstacles) return 'more';
  return now.made !== '' && before.made !== '' && now.made !== before.made ? 'made' : 'none';
}

/** Has the release of this Rollout begun? What would have kept it from beginning does not matter any more. */
export function hasBegun(rollout: RolloutObject): boolean {
  const status = (rollout.status ?? {}) as Status;
  const revision = status.canaryStatus?.canaryRevision ?? '';
  return revision !== '' && status.phase === 'Progressing';
}

export function digestOf(
  kube: Kube,
  rollout: RolloutObject,
  parsed: ParsedRollout,
  workload: Deployment | undefined,
  problems: readonly Problem[],
): Digest {
  const status = (rollout.status ?? {}) as Status;
  return {
    subject: JSON.stringify([
      rollout.metadata.uid,
      rollout.metadata.generation,
      parsed.switches.deleting,
      workload === undefined ? null : [revisionOf(workload.spec.template), workload.spec.replicas],
    ]),
    wish: wishOf(status, parsed),
    obstacles: hasBegun(rollout) ? '' : problems.map(({ message }) => message).join('; '),
    made: isWaiting(status) ? shortHash(JSON.stringify(made(kube, rollout, parsed)), 16) : '',
  };
}

/** Paused at a step, and not approved: from an approval on the release is at work, whatever the status still says. */
function isWaiting({ currentStepState, canaryStatus }: Status): boolean {
  return currentStepState === 'StepPaused' && canaryStatus?.currentStepState === 'StepPaused';
}

function wishOf(status: Status, parsed: ParsedRollout): string {
  const { currentStepIndex = 0, nextStepIndex, currentStepState } = status.canaryStatus ?? {};
  const steps = parsed.plan?.steps.length ?? 0;
  const natural = currentStepIndex < steps ? currentStepIndex + 1 : -1;
  const jump = nextStepIndex !== undefined && nextStepIndex !== natural ? `jump ${nextStepIndex}` : '';
  const approved = currentStepState === 'StepReady' ? 'approved' : '';
  return jump === '' && approved === '' ? '' : `${currentStepIndex} ${jump} ${approved}`;
}

/** The objects a waiting release has made or changed, by what would matter if somebody else changed them. */
function made(kube: Kube, rollout: RolloutObject, parsed: ParsedRollout): unknown {
  const namespace = rollout.metadata.namespace ?? '';
  const canaries = kube
    .copy('deployments')
    .list(namespace)
    .filter((object) => object.metadata.labels?.[keys.canaryDeployment] === parsed.plan?.workload.name)
    .map(({ metadata, spec, status }) => [
      metadata.uid,
      metadata.deletionTimestamp,
      spec.replicas,
      spec.paused,
      revisionOf(spec.template),
      (status?.availableReplicas ?? 0) >= (spec.replicas ?? 1),
    ]);
  const routes = (parsed.plan?.routings ?? []).flatMap(({ service, ingress, gateway }) => [
    kube.copy('services', namespace).get(namespace, service)?.spec,
    kube.copy('services', namespace).get(namespace, `${service}-canary`)?.spec,
    ...(ingress === undefined ? [] : ingressesOf(kube, namespace, ingress.name)),
    ...(gateway === undefined ? [] : [kube.copy('httproutes', namespace).get(namespace, gateway.httpRouteName)?.spec]),
  ]);
  return [canaries, routes.map((spec) => spec ?? null)];
}

function ingressesOf(kube: Kube, namespace: string, name: string): unknown[] {
  const copy = kube.copy('ingresses', namespace);
  const user = copy.get(namespace, name);
  const canary = copy.get(namespace, `${name}-canary`);
  return [user?.spec, canary?.spec, canary?.metadata.annotations];
}
