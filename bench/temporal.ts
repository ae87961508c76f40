/** What a release costs in Temporal: from the histories of its runs, and from the server's own metrics. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { sleep } from './stats.ts';

type RawEvent = NonNullable<NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number]>;

export type HistoryEvent = {
  readonly run: string;
  readonly id: number;
  /** `workflowTaskScheduled`, `markerRecorded`, … */
  readonly kind: string;
  /** ms since the epoch, with fractions. */
  readonly at: number;
  readonly attributes: Readonly<Record<string, unknown>>;
};

/** A call of a local activity, of which the history has only a marker: its beginning by the worker's clock. */
export type LocalActivity = { readonly type: string; readonly at: number };

/**
 * All events of the runs of a workflow that began at or after `since`, in order of time. Waits until no run is open, for
 * up to `deadline` ms.
 */
export async function eventsOf(
  client: Client,
  workflowId: string,
  since: number,
  deadline = 10_000,
): Promise<HistoryEvent[]> {
  const runs = await closedRuns(client, workflowId, since, deadline);
  const histories = await Promise.all(
    runs.map(async (run) => {
      const { events } = await client.workflow.getHandle(workflowId, run).fetchHistory();
      return (events ?? []).map((event) => eventOf(run, event));
    }),
  );
  return histories.flat().sort((one, other) => one.at - other.at || one.id - other.id);
}

/** A run follows another within milliseconds (a signal that came too late), so the list has to stay the same for a while. */
async function closedRuns(client: Client, workflowId: string, since: number, deadline: number): Promise<string[]> {
  const end = Date.now() + deadline;
  let before = '';
  for (;;) {
    const runs: { id: string; open: boolean }[] = [];
    for await (const { runId, startTime, status } of client.workflow.list({ query: `WorkflowId = "${workflowId}"` }))
      if (startTime.getTime() >= since - 1) runs.push({ id: runId, open: status.name === 'RUNNING' });
    const text = JSON.stringify(runs);
    if (runs.length > 0 && text === before && runs.every(({ open }) => !open)) return runs.map(({ id }) => id);
    if (Date.now() > end) throw new Error(`${workflowId}: its runs did not close: ${text}`);
    before = text;
    await sleep(200);
  }
}

function eventOf(run: string, event: RawEvent): HistoryEvent {
  const found = Object.entries(event).find(
    ([key, value]) => key.endsWith('EventAttributes') && value !== null && value !== undefined,
  );
  const [key = 'unknown', attributes = {}] = found ?? [];
  const time = event.eventTime;
  return {
    run,
    id: Number(event.eventId ?? 0),
    kind: key.replace(/EventAttributes$/, ''),
    at: Number(time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6,
    attributes: attributes as Record<string, unknown>,
  };
}

/** The local activity that a marker stands for; undefined for other events. */
export function localActivityOf({ kind, attributes }: HistoryEvent): LocalActivity | undefined {
  if (kind !== 'markerRecorded' || attributes.markerName !== 'core_local_activity') return undefined;
  const details = attributes.details as Record<string, { payloads?: { data?: Uint8Array }[] }> | undefined;
  const data = details?.data?.payloads?.[0]?.data;
  if (data === undefined) return undefined;
  const said = JSON.parse(Buffer.from(data).toString('utf8')) as {
    activity_type?: string;
    original_schedule_time?: ProtoTime;
  };
  return { type: said.activity_type ?? '?', at: millis(said.original_schedule_time) };
}

type ProtoTime = { seconds?: number | string; nanos?: number } | string | null | undefined;

function millis(time: ProtoTime): number {
  if (time === undefined || time === null) return 0;
  if (typeof time === 'string') return Date.parse(time);
  return Number(time.seconds ?? 0) * 1000 + (time.nanos ?? 0) / 1e6;
}

/**
 * Temporal Cloud's unit. Counted as its documentation does: starts, signals, updates, timers, activity attempts, upserts
 * of search attributes; all local activities of one workflow task together are one. Heartbeats leave no event and are
 * not in here.
 */
export function actionsOf(events: readonly HistoryEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  const add = (name: string, count = 1) => {
    counts[name] = (counts[name] ?? 0) + count;
  };
  const tasksWithLocals = new Set<string>();
  for (const event of events) {
    const { kind, attributes, run } = event;
    if (kind === 'workflowExecutionStarted') add('start');
    else if (kind === 'workflowExecutionSignaled') add(`signal ${String(attributes.signalName)}`);
    else if (kind === 'workflowExecutionUpdateAccepted') add('update');
    else if (kind === 'timerStarted') add('timer');
    else if (kind === 'activityTaskStarted') add('activity attempt', Number(attributes.attempt ?? 1));
    else if (kind === 'upsertWorkflowSearchAttributes') add('search attributes');
    else if (kind === 'markerRecorded' && attributes.markerName === 'core_local_activity')
      tasksWithLocals.add(`${run}/${String(attributes.workflowTaskCompletedEventId)}`);
  }
  if (tasksWithLocals.size > 0) add('local activities', tasksWithLocals.size);
  return counts;
}

/** Requests to the Temporal server so far, by operation, from its Prometheus metrics. */
export async function temporalRequests(metricsUrl: string): Promise<Record<string, number>> {
  const text = await (await fetch(metricsUrl)).text();
  const counts: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const match = /^service_requests\{(.*)\} (\S+)$/.exec(line);
    if (match?.[1] === undefined || !match[1].includes('service_name="frontend"')) continue;
    const operation = /operation="([^"]+)"/.exec(match[1])?.[1] ?? '?';
    counts[operation] = (counts[operation] ?? 0) + Number(match[2]);
  }
  return counts;
}

/** What was added from one reading to the next, largest first. */
export function increase(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([key, count]) => [key, count - (before[key] ?? 0)] as const)
      .filter(([, count]) => count > 0)
      .sort(([, one], [, other]) => other - one),
  );
}
