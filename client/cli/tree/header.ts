/** The block above the tree: what is released, where it stands, what it waits for. */
import { type Amount, type Plan, podsFor, type Step } from '../../../domain/plan.ts';
import type { ReleaseView } from '../../../domain/view.ts';
import type { Sighting } from '../../read.ts';
import { type Colour, clean, cut, type Paint, pad, wrap } from '../text.ts';
import { age, away, clock } from '../time.ts';
import { type ClusterObjects, imagesOf, isHeld, type Workload } from './objects.ts';
import { statusOf } from './status.ts';
import type { TreeInput } from './tree.ts';

const labels = 13;
type Row = { readonly label: string; readonly text: string; readonly colour?: Colour; readonly lines?: number };

/** The header's lines, painted, none wider than `width`. */
export function headerLines(input: TreeInput, now: number, width: number, paint: Paint): string[] {
  const { seen } = input;
  const rows: Row[] = [
    { label: 'Name', text: input.name },
    { label: 'Namespace', text: input.namespace },
    ...(seen === undefined ? idleRows(input) : releaseRows(seen, input.objects, now)),
  ];
  const lines = rows.flatMap(({ label, text, colour, lines: most = 4 }) => {
    const room = Math.max(20, width - labels - 1);
    const parts = most === 1 ? [clean(text)] : wrap(clean(text), room).slice(0, most);
    return parts.map((part, index) => {
      const shown = cut(part, Math.max(1, width - labels - 1));
      return `${pad(index === 0 && label !== '' ? `${label}:` : '', labels)} ${colour === undefined ? shown : paint(colour, shown)}`;
    });
  });
  return seen?.view === undefined
    ? lines
    : [...lines, ...stepLines(seen.view, seen.summary.status === 'Running', width, paint)];
}

function idleRows({ objects }: TreeInput): Row[] {
  const { rollout, workload } = objects;
  const status: Row = isHeld(workload)
    ? { label: 'Status', text: '⚠ Held', colour: 'yellow' }
    : { label: 'Status', text: `✔ ${rollout?.status?.phase ?? 'No release'}`, colour: 'green' };
  const message = isHeld(workload) ? heldMessage(workload) : (rollout?.status?.message ?? '');
  const rows: Row[] = [
    status,
    { label: 'Message', text: message },
    { label: 'Images', text: workload === undefined ? '' : imagesOf(workload).join(', ') },
  ];
  return rows.filter(({ text }) => text !== '');
}

/** Nothing rolls out, and nobody has begun a release: at three in the morning, that is the thing to know. */
function heldMessage(workload: Workload): string {
  return `${workload.kind} ${workload.metadata.name} is held with a version that is not released, and no release has begun. Is a worker running (sluice worker)?`;
}

function releaseRows(seen: Sighting, objects: ClusterObjects, now: number): Row[] {
  const { summary, view } = seen;
  const status = statusOf(seen);
  const ended = summary.endedAt === undefined ? '' : `, ${away(summary.endedAt, now)}`;
  const rows: Row[] = [{ label: 'Status', text: `${status.icon} ${status.word}${ended}`, colour: status.colour }];
  const message = summary.failure ?? summary.result?.message ?? view?.message;
  // While it runs, what it waits for says the same at length.
  const lines = summary.status === 'Running' && view !== undefined ? 1 : 4;
  if (message !== undefined) rows.push({ label: 'Message', text: message, lines });
  if (summary.retrying !== undefined) rows.push({ label: 'Trouble', text: summary.retrying, colour: 'red' });
  if (view === undefined) return [...rows, ...summaryRows(seen, now)];
  if (summary.status !== 'Running') return [...rows, ...imageRows(view)];
  const waiting = [...rows, ...awaitedRows(view, now), ...imageRows(view)];
  if (view.steps === 0) return waiting;
  return [
    ...waiting,
    { label: 'Replicas', text: replicasText(view, canaryOf(view, objects)) },
    { label: 'Traffic', text: trafficText(view) },
    { label: 'Step', text: `${view.step}/${view.steps} (${view.stepState})` },
  ];
}

function summaryRows({ summary }: Sighting, now: number): Row[] {
  const rows: Row[] = [
    {
      label: 'Started',
      text: `${clock(summary.startedAt, now)} (${away(summary.startedAt, now)})${summary.startedBy ? ` by ${summary.startedBy}` : ''}`,
    },
  ];
  if (summary.step !== undefined) rows.push({ label: 'Step', text: String(summary.step) });
  return rows;
}

function awaitedRows({ awaited }: ReleaseView, now: number): Row[] {
  const colour: Colour | undefined = ['approval', 'resume', 'fix', 'decision'].includes(awaited.kind)
    ? 'yellow'
    : undefined;
  const rows: Row[] = [
    { label: 'Waits for', text: awaited.what, ...(colour && { colour }) },
    { label: 'Since', text: `${clock(awaited.since, now)} (${age(awaited.since, now)})` },
    { label: 'Next', text: awaited.next },
  ];
  if (awaited.by === undefined) return rows;
  const says = awaited.kind === 'timer' ? '' : ', else it is reported as failing';
  return [...rows, { label: 'By', text: `${clock(awaited.by, now)} (${away(awaited.by, now)})${says}` }];
}

function imageRows({ images }: ReleaseView): Row[] {
  const tagged = [
    ...images.stable.map((image) => `${image} (stable)`),
    ...images.canary.map((image) => `${image} (canary)`),
  ];
  const same = images.stable.join() === images.canary.join();
  return (same ? images.canary : tagged).map((text, index) => ({ label: index === 0 ? 'Images' : '', text }));
}

function canaryOf({ canary }: ReleaseView, { canaries }: ClusterObjects): Workload | undefined {
  return canaries.find(({ metadata }) => metadata.name === canary.deployment) ?? canaries[0];
}

/** Of the canary, what the cluster shows where it could be read: a view's numbers are those of the release's last look. */
function replicasText({ replicas, canary }: ReleaseView, live: Workload | undefined): string {
  const desired = live?.spec?.replicas ?? canary.desired;
  const updated = live?.status?.updatedReplicas ?? (live === undefined ? canary.updated : 0);
  const ready = live?.status?.readyReplicas ?? (live === undefined ? canary.ready : 0);
  return `${replicas} wanted; canary: ${desired} desired, ${updated} updated, ${ready} ready`;
}

function trafficText({ traffic, plan, step, reason }: ReleaseView): string {
  const asked = plan.steps[step - 1];
  const set = `${traffic} % of requests to the new version`;
  if (asked === undefined) return set;
  if ((asked.matches?.length ?? 0) > 0) return `${set}, and those that match step ${step}`;
  return reason !== 'InRolling' || asked.traffic === undefined || asked.traffic === traffic
    ? set
    : `${set} (step ${step} asks for ${asked.traffic} %)`;
}

function stepLines(view: ReleaseView, running: boolean, width: number, paint: Paint): string[] {
  const { plan, replicas, step: current } = view;
  const traffic = plan.steps.map(stepTraffic);
  const pods = plan.steps.map((step) => stepPods(step.replicas, replicas));
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map((text) => text.length));
  return plan.steps.map((step, index) => {
    const { mark, colour } = markOf(index + 1, current, view, running);
    const columns = [
      pad(traffic[index] ?? '', widest(traffic)),
      pad(pods[index] ?? '', widest(pods)),
      pauseText(step, index, plan),
    ];
    const text = cut(`${mark} ${String(index + 1).padStart(2)}  ${columns.join('  ')}`.trimEnd(), width - 2);
    return `  ${colour === undefined ? text : paint(colour, text)}`;
  });
}

function markOf(step: number, current: number, view: ReleaseView, running: boolean): { mark: string; colour?: Colour } {
  if (view.outcome === 'Completed') return { mark: '✔', colour: 'green' };
  if (step < current) return { mark: '✔', colour: 'green' };
  if (step > current || view.outcome === 'RolledBack') return { mark: '·', colour: 'dim' };
  if (view.stepState === 'Completed' && !view.aborted && view.reason === 'Finalising')
    return { mark: '✔', colour: 'green' };
  if (!running || view.aborted || view.failing) return { mark: '✖', colour: 'red' };
  return { mark: view.stepState === 'StepPaused' ? '‖' : '▸', colour: 'yellow' };
}

function stepTraffic(step: Step): string {
  const share = step.traffic === undefined ? '' : `${step.traffic} %`;
  const matches = step.matches?.length ?? 0;
  const rules = matches === 0 ? '' : `${matches} match${matches === 1 ? '' : 'es'}`;
  return [share, rules].filter((text) => text !== '').join(' + ') || 'no traffic';
}

function stepPods(amount: Amount, replicas: number): string {
  const count = podsFor(amount, replicas);
  return `${count} pod${count === 1 ? '' : 's'}${typeof amount === 'string' ? ` (${amount})` : ''}`;
}

function pauseText({ pause, replicas }: Step, index: number, plan: Plan): string {
  if (index === plan.steps.length - 1 && replicas === '100%') return 'then the new version takes over';
  if (pause.kind === 'approval') return 'until approved';
  return pause.seconds === 0 ? '' : `for ${age(new Date(0).toISOString(), pause.seconds * 1000)}`;
}
