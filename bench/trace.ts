/** One release as a timeline: everything that user, worker, Temporal and cluster did, and where the time went. */
import { labelOf, type Request } from './audit.ts';
import { requestsOf } from './cost.ts';
import { Follower, type Ride } from './follow.ts';
import type { App } from './objects.ts';
import type { BenchOptions } from './options.ts';
import type { Stage } from './stage.ts';
import { sleep } from './stats.ts';
import { eventsOf, type HistoryEvent, localActivityOf } from './temporal.ts';
import { othersOf, type Share, sharesOf, sharesText } from './where.ts';

export type Row = {
  readonly at: number;
  /** End of what took time; absent for moments. */
  readonly to?: number;
  readonly source: 'user' | 'status' | 'temporal' | 'local' | 'api' | 'cluster';
  readonly text: string;
};

export type Timeline = {
  readonly triggeredAt: number;
  readonly rows: readonly Row[];
  readonly shares: readonly Share[];
};

/** Follows the last of a few releases of the same application. */
export async function trace(stage: Stage, options: BenchOptions): Promise<Timeline> {
  const app: App = { namespace: 'bench-trace', name: 'echoserver' };
  const follower = new Follower(stage.api, [app.namespace]);
  try {
    await stage.deploy([app], 5, options.steps);
    await follower.settled([app], 30_000);
    let ride: Ride | undefined;
    let requests: Request[] = [];
    let events: HistoryEvent[] = [];
    for (let round = 1; round <= options.warmup + 1; round += 1) {
      await sleep(1_000);
      stage.audit.read();
      ride = await follower.release(app, round, 120_000);
      events = await eventsOf(stage.client, stage.workflowId(app), ride.triggeredAt);
      requests = stage.audit.read();
    }
    if (ride === undefined) throw new Error('nothing was released');
    return timeline(ride, requests, events);
  } finally {
    await follower.close();
  }
}

function timeline(ride: Ride, all: readonly Request[], events: readonly HistoryEvent[]): Timeline {
  const ours = requestsOf(all, ride);
  const others = othersOf(all, ride);
  const rows: Row[] = [
    { at: ride.triggeredAt, source: 'user', text: 'changes the image' },
    ...ride.approvals.map(({ at, step }): Row => ({ at, source: 'user', text: `approves step ${step}` })),
    ...ride.sightings.map(
      ({ at, step, state, phase, message }): Row => ({
        at,
        source: 'status',
        text: `step ${step} ${state} (${phase}) ${message}`,
      }),
    ),
    ...ours.map((one): Row => ({ at: one.from, to: one.to, source: 'api', text: textOf(one) })),
    ...others.map(
      (one): Row => ({ at: one.from, to: one.to, source: 'cluster', text: `${shortName(one.user)}: ${textOf(one)}` }),
    ),
    ...historyRows(events),
  ];
  return {
    triggeredAt: ride.triggeredAt,
    rows: rows.sort((one, other) => one.at - other.at),
    shares: sharesOf(ride, all, events),
  };
}

function textOf(request: Request): string {
  return `${labelOf(request)} ${request.name}${request.code >= 300 ? ` → ${request.code}` : ''}`;
}

function shortName(user: string): string {
  return user.replace(/^system:(serviceaccount:kube-system:)?/, '');
}

function historyRows(events: readonly HistoryEvent[]): Row[] {
  const names = new Map<string, string>();
  const runs = [...new Set(events.map(({ run }) => run))];
  return events.flatMap((event): Row[] => {
    const local = localActivityOf(event);
    const mark = runs.length > 1 ? `run ${runs.indexOf(event.run) + 1} ` : '';
    const prefix = `${mark}#${event.id} `;
    if (local !== undefined)
      return [
        { at: local.at, source: 'local', text: `${mark}${local.type} begins` },
        { at: event.at, source: 'temporal', text: `${prefix}marker of ${local.type}` },
      ];
    return [{ at: event.at, source: 'temporal', text: `${prefix}${event.kind} ${detailOf(event, names)}` }];
  });
}

/** The one thing about an event that tells it from others of its kind. */
function detailOf({ run, id, kind, attributes }: HistoryEvent, names: Map<string, string>): string {
  const scheduled = `${run}/${String(attributes.scheduledEventId)}`;
  if (kind === 'activityTaskScheduled') {
    const name = (attributes.activityType as { name?: string } | undefined)?.name ?? '?';
    names.set(`${run}/${id}`, name);
    return name;
  }
  if (kind.startsWith('activityTask')) return names.get(scheduled) ?? '';
  if (kind === 'workflowExecutionSignaled') return String(attributes.signalName);
  if (kind === 'timerStarted') return seconds(attributes.startToFireTimeout);
  if (kind === 'workflowTaskScheduled')
    return (attributes.taskQueue as { kind?: number } | undefined)?.kind === 2 ? '(sticky)' : '(normal)';
  return '';
}

function seconds(duration: unknown): string {
  const { seconds: whole = 0, nanos = 0 } = (duration ?? {}) as { seconds?: unknown; nanos?: number };
  return `${Number(whole) + nanos / 1e9} s`;
}

/** The timeline as text; pauses of more than 10 ms in which nothing begins or ends are marked. */
export function timelineText({ triggeredAt, rows, shares: parts }: Timeline): string {
  const moments = rows.flatMap(({ at, to }) => (to === undefined ? [at] : [at, to])).sort((one, other) => one - other);
  const lines: string[] = [];
  for (const row of rows) {
    const before = moments.findLast((at) => at < row.at);
    const gap = before === undefined ? 0 : row.at - before;
    if (gap > 10) lines.push(`${' '.repeat(10)}── ${gap.toFixed(0)} ms ──`);
    const took = row.to === undefined ? '' : `${(row.to - row.at).toFixed(1)}`;
    lines.push(
      `${(row.at - triggeredAt).toFixed(1).padStart(9)} ${took.padStart(6)}  ${row.source.padEnd(8)} ${row.text}`,
    );
  }
  lines.push('', ...sharesText(parts));
  return lines.join('\n');
}
