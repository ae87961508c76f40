/** What a worker tells Prometheus about itself. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Kube } from '../activities/kube/kube.ts';

export type Metrics = {
  readonly registry: Registry;
  readonly requests: Histogram<'method' | 'code'>;
  readonly nudges: Counter<'kind'>;
  readonly errors: Counter<'where'>;
};

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new Histogram({
      name: 'sluice_kube_request_seconds',
      help: 'Requests to the API server, watches aside.',
      labelNames: ['method', 'code'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers: [registry],
    }),
    nudges: new Counter({
      name: 'sluice_watcher_nudges_total',
      help: 'Times a release workflow was told to look at the cluster.',
      labelNames: ['kind'],
      registers: [registry],
    }),
    errors: new Counter({
      name: 'sluice_watcher_errors_total',
      help: 'Reconciliations of a Rollout that failed and are tried again.',
      labelNames: ['where'],
      registers: [registry],
    }),
  };
}

/** Age of what each watch brought last: the one number that shows a watch which has silently died. */
export function watchMetrics({ registry }: Metrics, kube: Kube): void {
  new Gauge({
    name: 'sluice_watch_last_heard_seconds',
    help: 'Seconds since the API server was last heard on a watch (bookmarks come about once a minute).',
    labelNames: ['kind', 'namespace'],
    registers: [registry],
    collect() {
      this.reset();
      for (const copy of kube.copies())
        this.set(
          { kind: copy.kind, namespace: copy.namespace ?? '' },
          copy.lastHeard === 0 ? Number.POSITIVE_INFINITY : (Date.now() - copy.lastHeard) / 1000,
        );
    },
  });
}
