/** What a pod is doing, in one word and one reason. */
import type { Cell, Colour } from '../text.ts';
import { clean } from '../text.ts';
import type { Pod } from './objects.ts';

export type PodState = {
  readonly icon: string;
  readonly word: string;
  readonly colour: Colour;
  /** Why it is not ready, where that is known. */
  readonly why: string;
  readonly ready: number;
  readonly containers: number;
  readonly restarts: number;
};

const hopeless = /BackOff|Err|Error|Invalid|Failed|Evicted|OOMKilled|Unschedulable/;

/** The state `kubectl get pods` would show, and the reason it hides. */
export function podState(pod: Pod): PodState {
  const statuses = pod.status?.containerStatuses ?? [];
  const ready = statuses.filter((status) => status.ready === true).length;
  const containers = Math.max(statuses.length, pod.spec?.containers?.length ?? 0);
  const restarts = statuses.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
  const { word, why } = wordOf(pod);
  const readyNow = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  const whole = word === 'Running' && (readyNow || (containers > 0 && ready === containers));
  const common = { ready, containers, restarts, why: clean(why) };
  if (whole) return { icon: '✔', word, colour: 'green', ...common };
  if (hopeless.test(word)) return { icon: '✖', word, colour: 'red', ...common };
  return { icon: '◌', word: word === 'Running' ? 'NotReady' : word, colour: 'yellow', ...common };
}

function wordOf({ metadata, status = {} }: Pod): { word: string; why: string } {
  if (metadata.deletionTimestamp !== undefined) return { word: 'Terminating', why: '' };
  if (status.reason !== undefined) return { word: status.reason, why: status.message ?? '' };
  for (const [prefix, list] of [
    ['Init:', status.initContainerStatuses],
    ['', status.containerStatuses],
  ] as const) {
    for (const { state, name = '' } of list ?? []) {
      const stopped = state?.waiting ?? (state?.terminated?.exitCode === 0 ? undefined : state?.terminated);
      if (stopped?.reason === undefined || stopped.reason === 'PodInitializing') continue;
      return { word: prefix + stopped.reason, why: stopped.message ?? (name === '' ? '' : `container ${name}`) };
    }
  }
  const unscheduled = status.conditions?.find((it) => it.type === 'PodScheduled' && it.status === 'False');
  if (unscheduled?.reason !== undefined) return { word: unscheduled.reason, why: unscheduled.message ?? '' };
  return { word: status.phase ?? 'Unknown', why: '' };
}

/** Counters as in `✔ 4 ◌ 1 ✖ 1`. */
export function counters(pods: readonly Pod[]): Cell {
  const states = pods.map(podState);
  const count = (icon: string) => states.filter((state) => state.icon === icon).length;
  const text = ['✔', '◌', '✖']
    .filter((icon) => count(icon) > 0)
    .map((icon) => `${icon} ${count(icon)}`)
    .join(' ');
  const colour: Colour = count('✖') > 0 ? 'red' : count('◌') > 0 ? 'yellow' : 'green';
  return { text: text === '' ? 'no pods' : text, colour: text === '' ? 'dim' : colour };
}
