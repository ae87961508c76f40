/** Where the time of a release went, from what its requests and its history say. */
import { type Request, workerUser } from './audit.ts';
import { requestsOf } from './cost.ts';
import { partsOf, type Ride } from './follow.ts';
import { quantiles } from './stats.ts';
import type { HistoryEvent } from './temporal.ts';

/** Milliseconds of one part of a release, by what was going on. */
export type Share = { readonly part: string; readonly ms: number; readonly where: Readonly<Record<string, number>> };

/** Writes of others in the release's namespace: controllers, scheduler, and what plays the kubelets. */
export function othersOf(all: readonly Request[], { app }: Pick<Ride, 'app'>): Request[] {
  const writes = ['create', 'update', 'patch', 'delete'];
  return all.filter(
    ({ user, namespace, verb, kind }) =>
      user !== workerUser && namespace === app.namespace && kind !== 'events' && writes.includes(verb),
  );
}

/** One share for each part: from a deed of the user to what it waits for. */
export function sharesOf(ride: Ride, all: readonly Request[], events: readonly HistoryEvent[]): Share[] {
  const ours = requestsOf(all, ride);
  const others = othersOf(all, ride);
  return partsOf(ride).map(({ name, from }, index) => {
    const to = ride.pauses[index]?.at ?? ride.healthyAt;
    return { part: name, ms: to - from, where: shares(from, to, ours, others, events) };
  });
}

/** The median of each figure over several releases; parts of the same name are taken together. */
export function medianShares(all: readonly (readonly Share[])[]): Share[] {
  const parts = [...new Set(all.flat().map(({ part }) => part))];
  return parts.map((part) => {
    const same = all.flat().filter((share) => share.part === part);
    const places = [...order, rest];
    const where = Object.fromEntries(
      places.map((place) => [place, quantiles(same.map((one) => one.where[place] ?? 0)).p50]),
    );
    return { part, ms: quantiles(same.map(({ ms }) => ms)).p50, where };
  });
}

/** A table of shares. */
export function sharesText(parts: readonly Share[], title = 'Where the time went (ms)'): string[] {
  const line = (name: string, of: (share: Share) => string) =>
    `${name.padEnd(46)}${parts.map((one) => of(one).padStart(20)).join('')}`;
  return [
    line(title, ({ part }) => part),
    ...[...order, rest].map((place) => line(`  ${place}`, ({ where }) => (where[place] ?? 0).toFixed(0))),
    line('  all, until the watch showed it', ({ ms }) => ms.toFixed(0)),
  ];
}

type Span = { readonly from: number; readonly to: number; readonly where: string };

/** In order of who is blamed first for a moment that several share. */
const order = [
  'API requests of the worker',
  'pods and controllers of the cluster',
  'workflow tasks (our code, local activities)',
  'workflow task waiting to start',
  'activity waiting to start',
  'activity code',
] as const;
const rest = 'watch, signal, start';

function shares(
  from: number,
  to: number,
  ours: readonly Request[],
  others: readonly Request[],
  events: readonly HistoryEvent[],
): Record<string, number> {
  const spans: Span[] = ours.map((one) => ({ from: one.from, to: one.to, where: order[0] }));
  const starts = new Map<string, HistoryEvent>();
  for (const event of events) {
    const scheduled = starts.get(`${event.run}/${String(event.attributes.scheduledEventId)}`);
    const started = starts.get(`${event.run}/${String(event.attributes.startedEventId)}`);
    starts.set(`${event.run}/${event.id}`, event);
    if (event.kind === 'workflowTaskStarted' && scheduled)
      spans.push({ from: scheduled.at, to: event.at, where: order[3] });
    if (event.kind === 'workflowTaskCompleted' && started)
      spans.push({ from: started.at, to: event.at, where: order[2] });
    if (event.kind === 'activityTaskStarted' && scheduled)
      spans.push({ from: scheduled.at, to: event.at, where: order[4] });
    if (/^activityTask(Completed|Canceled|Failed)$/.test(event.kind) && started) {
      spans.push({ from: started.at, to: event.at, where: order[5] });
      const within = others.filter((one) => one.from >= started.at && one.to <= event.at).map((one) => one.to);
      if (within.length > 0) spans.push({ from: started.at, to: Math.max(...within), where: order[1] });
    }
  }
  const cuts = [...new Set([from, to, ...spans.flatMap((span) => [span.from, span.to])])]
    .filter((at) => at >= from && at <= to)
    .sort((one, other) => one - other);
  const where: Record<string, number> = {};
  cuts.slice(1).forEach((end, index) => {
    const start = cuts[index] as number;
    const covering = new Set(spans.filter((span) => span.from <= start && span.to >= end).map((span) => span.where));
    const blamed = order.find((one) => covering.has(one)) ?? rest;
    where[blamed] = (where[blamed] ?? 0) + end - start;
  });
  return where;
}
