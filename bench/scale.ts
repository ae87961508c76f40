/** Many releases at once: what each waits, how long all take, and what it costs whom. */
import { labelOf, workerUser } from './audit.ts';
import { Follower, type Ride, Unfinished, waitsOf } from './follow.ts';
import type { App } from './objects.ts';
import type { BenchOptions } from './options.ts';
import type { Stage } from './stage.ts';
import { countBy, divided, now, type Quantiles, quantiles, sleep } from './stats.ts';
import { actionsOf, eventsOf, type HistoryEvent, increase, temporalRequests } from './temporal.ts';
import type { Usage } from './usage.ts';

const replicas = 2;

export type ScaleFigures = {
  readonly n: number;
  readonly replicas: number;
  readonly finished: number;
  readonly totalSeconds: number;
  readonly toFirstPause: Quantiles;
  readonly toNextPause: Quantiles;
  readonly toHealthy: Quantiles;
  /** The worker's requests for each release, watches aside. */
  readonly requestsPerRelease: number;
  readonly requests: Record<string, number>;
  readonly failedRequests: Record<string, number>;
  /** Every user's requests for each release. */
  readonly requestsByUser: Record<string, number>;
  readonly eventsPerStep: number;
  readonly actionsPerStep: number;
  readonly actions: Record<string, number>;
  /** Requests to Temporal for each release, by operation. */
  readonly temporalRequests: Record<string, number>;
  readonly processes: Record<string, Usage>;
  /** CPU seconds that the rest of the machine used meanwhile. */
  readonly otherCpuSeconds: number;
  readonly unfinished: readonly string[];
};

export async function scale(
  stage: Stage,
  options: BenchOptions,
  n: number,
  log: (line: string) => void,
): Promise<ScaleFigures> {
  const spread = Math.min(options.namespaces, n);
  const namespaces = Array.from({ length: spread }, (_, index) => `bench-${n}${spread === 1 ? '' : `-${index + 1}`}`);
  const apps: App[] = Array.from({ length: n }, (_, index) => ({
    namespace: namespaces[index % spread] as string,
    name: `app-${String(index + 1).padStart(3, '0')}`,
  }));
  const deadline = 60_000 + n * 4_000;
  const follower = new Follower(stage.api, namespaces);
  try {
    await stage.deploy(apps, replicas, options.steps);
    await follower.settled(apps, 60_000 + n * 1000);
    log(`${n} deployed`);
    await sleep(1_000);
    stage.audit.read();
    const before = await temporalRequests(stage.stack.temporal.metricsUrl);
    const meter = stage.meter();
    const from = now();
    const results = await Promise.allSettled(apps.map((app) => follower.release(app, 1, deadline)));
    const totalSeconds = (now() - from) / 1000;
    const used = meter.read();
    await sleep(500);
    const all = stage.audit.read();
    const made = all.filter(({ user }) => user === workerUser);
    const asked = increase(before, await temporalRequests(stage.stack.temporal.metricsUrl));
    const rides = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const unfinished = results.flatMap((result) => (result.status === 'rejected' ? [failureOf(result.reason)] : []));
    const events = await historiesOf(stage, rides);
    const waits = rides.map(waitsOf);
    const steps = Math.max(1, rides.length) * options.steps.length;
    const actions = actionsOf(events);
    log(`${n} at once: ${rides.length} finished in ${totalSeconds.toFixed(1)} s`);
    return {
      n,
      replicas,
      finished: rides.length,
      totalSeconds,
      toFirstPause: quantiles(waits.map((one) => one.toFirstPause)),
      toNextPause: quantiles(waits.flatMap((one) => one.toNextPause)),
      toHealthy: quantiles(waits.map((one) => one.toHealthy)),
      requestsPerRelease: made.length / n,
      requests: divided(countBy(made, labelOf), n),
      failedRequests: divided(
        countBy(
          made.filter(({ code }) => code >= 400),
          (one) => `${labelOf(one)} ${one.code}`,
        ),
        n,
      ),
      requestsByUser: divided(
        countBy(all, ({ user }) => user),
        n,
      ),
      eventsPerStep: events.length / steps,
      actionsPerStep: Object.values(actions).reduce((sum, one) => sum + one, 0) / steps,
      actions: divided(actions, rides.length),
      temporalRequests: divided(asked, n),
      processes: used.processes,
      otherCpuSeconds: used.otherCpuSeconds,
      unfinished,
    };
  } finally {
    await follower.close();
  }
}

/** A few at a time: the history is read after the clock has stopped, but the server is the same. */
async function historiesOf(stage: Stage, rides: readonly Ride[]): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  for (let index = 0; index < rides.length; index += 10) {
    const some = rides.slice(index, index + 10);
    const found = await Promise.all(
      some.map((ride) => eventsOf(stage.client, stage.workflowId(ride.app), ride.triggeredAt, 60_000)),
    );
    events.push(...found.flat());
  }
  return events;
}

function failureOf(reason: unknown): string {
  if (!(reason instanceof Unfinished)) throw reason;
  return reason.message;
}
