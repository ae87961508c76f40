/** What releases cost: requests by verb, history events and Temporal actions, by part of the release. */
import { labelOf, type Request, workerUser } from './audit.ts';
import { partsOf, type Ride } from './follow.ts';
import { countBy } from './stats.ts';
import { actionsOf, type HistoryEvent } from './temporal.ts';

export type Cost = {
  /** Requests of the worker, watches aside, by verb and kind. */
  readonly requests: Record<string, number>;
  readonly requestsTotal: number;
  readonly failedRequests: Record<string, number>;
  readonly statusWrites: number;
  readonly events: number;
  readonly eventsByKind: Record<string, number>;
  readonly actions: Record<string, number>;
  readonly actionsTotal: number;
  readonly runs: number;
  readonly parts: readonly {
    readonly name: string;
    readonly requests: number;
    readonly events: number;
    readonly actions: number;
  }[];
};

/** The requests that belong to a release: those in its namespace that name it, or objects made for it. */
export function requestsOf(all: readonly Request[], { app }: Pick<Ride, 'app'>): Request[] {
  return all.filter(
    ({ user, namespace, name }) =>
      user === workerUser &&
      (namespace === '' || namespace === app.namespace) &&
      (name === '' || name === app.name || name.startsWith(`${app.name}-`)),
  );
}

export function costOf(ride: Ride, requests: readonly Request[], events: readonly HistoryEvent[]): Cost {
  const actions = actionsOf(events);
  const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, one) => sum + one, 0);
  return {
    requests: countBy(requests, labelOf),
    requestsTotal: requests.length,
    failedRequests: countBy(
      requests.filter(({ code }) => code >= 400),
      (one) => `${labelOf(one)} ${one.code}`,
    ),
    statusWrites: requests.filter(({ subresource }) => subresource === 'status').length,
    events: events.length,
    eventsByKind: countBy(events, ({ kind }) => kind),
    actions,
    actionsTotal: total(actions),
    runs: new Set(events.map(({ run }) => run)).size,
    parts: partsOf(ride).map(({ name, from, to }) => {
      const within = events.filter(({ at }) => at >= from && at < to);
      return {
        name,
        requests: requests.filter((one) => one.from >= from && one.from < to).length,
        events: within.length,
        actions: total(actionsOf(within)),
      };
    }),
  };
}
