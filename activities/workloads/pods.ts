/** Why pods are not ready, in words. */
import type { ContainerStatus, Pod } from '../kube/objects.ts';

/** True if the pod takes requests: Ready, and not on its way out. */
export function isReady(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  );
}

/** Names at most two of the pods that are not ready, since when, and what holds them up; empty when all are ready. */
export function podTrouble(pods: readonly Pod[]): string {
  const waiting = pods.filter((pod) => !isReady(pod) && pod.metadata.deletionTimestamp === undefined);
  const known = waiting.map((pod) => ({ pod, why: reasonOf(pod) })).filter(({ why }) => why !== '');
  if (known.length === 0) return '';
  const named = known
    .sort((one, other) => (one.pod.metadata.name < other.pod.metadata.name ? -1 : 1))
    .slice(0, 2)
    .map(
      ({ pod, why }) =>
        `pod ${pod.metadata.name} ${why} (since ${pod.status?.startTime ?? pod.metadata.creationTimestamp})`,
    );
  const more = known.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** A pod that is merely young has no reason yet. */
function reasonOf(pod: Pod): string {
  const containers = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  for (const container of containers) {
    const why = containerReason(container);
    if (why !== '') return why;
  }
  const unscheduled = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unscheduled !== undefined)
    return `cannot be scheduled: ${unscheduled.message ?? unscheduled.reason ?? 'no reason given'}`;
  if (pod.status?.phase === 'Failed') return 'has failed';
  const running = containers.find((container) => container.state?.running !== undefined && container.ready === false);
  return running === undefined ? '' : `runs, but container ${running.name} is not ready`;
}

function containerReason(container: ContainerStatus): string {
  const waiting = container.state?.waiting;
  if (waiting?.reason !== undefined && waiting.reason !== 'ContainerCreating' && waiting.reason !== 'PodInitializing')
    return `container ${container.name} is in ${waiting.reason}${waiting.message === undefined ? '' : `: ${waiting.message}`}`;
  const ended = container.state?.terminated;
  if (ended !== undefined && ended.exitCode !== 0)
    return `container ${container.name} ended with exit code ${ended.exitCode} (${ended.reason ?? 'no reason given'})`;
  return '';
}
