/** One release alone, again and again: its waits, its costs, and a bare native update beside each. */
import { type Cost, costOf, requestsOf } from './cost.ts';
import { Follower, Unfinished, type Waits, waitsOf } from './follow.ts';
import { nativeUpdate } from './native.ts';
import type { App } from './objects.ts';
import type { BenchOptions } from './options.ts';
import type { Stage } from './stage.ts';
import { mean, type Quantiles, quantiles, sleep } from './stats.ts';
import { eventsOf } from './temporal.ts';
import { medianShares, type Share, sharesOf } from './where.ts';

const replicas = 5;
const deadline = 120_000;

export type SingleFigures = {
  readonly replicas: number;
  readonly toFirstPause: Quantiles;
  readonly toNextPause: Quantiles;
  readonly toHealthy: Quantiles;
  readonly native: Quantiles;
  /** Medians: from the last approval to Healthy, beyond a native update of the same Deployment. */
  readonly beyondNative: number;
  readonly perRelease: {
    readonly requests: number;
    readonly events: number;
    readonly actions: number;
    readonly statusWrites: number;
    readonly runs: number;
  };
  readonly perStep: { readonly requests: number; readonly events: number; readonly actions: number };
  /** Of the median release (by requests). */
  readonly typical: Cost;
  /** Medians over all releases. */
  readonly shares: readonly Share[];
  readonly samples: readonly Waits[];
  readonly unfinished: readonly string[];
};

export async function single(stage: Stage, options: BenchOptions, log: (line: string) => void): Promise<SingleFigures> {
  const app: App = { namespace: 'bench-single', name: 'echoserver' };
  const bare: App = { namespace: 'bench-single', name: 'native' };
  const follower = new Follower(stage.api, [app.namespace]);
  const waits: Waits[] = [];
  const natives: number[] = [];
  const costs: Cost[] = [];
  const shares: Share[][] = [];
  const unfinished: string[] = [];
  try {
    await stage.deploy([app], replicas, options.steps);
    await stage.deploy([bare], replicas);
    await follower.settled([app], 30_000);
    for (let round = 1; round <= options.warmup + options.repeat; round += 1) {
      const counted = round > options.warmup;
      stage.audit.read();
      try {
        const ride = await follower.release(app, round, deadline);
        const events = await eventsOf(stage.client, stage.workflowId(app), ride.triggeredAt);
        await sleep(300);
        const native = await nativeUpdate(stage.api, bare, round, deadline);
        await sleep(500);
        if (!counted) continue;
        waits.push(waitsOf(ride));
        natives.push(native);
        const requests = stage.audit.read();
        costs.push(costOf(ride, requestsOf(requests, ride), events));
        shares.push(sharesOf(ride, requests, events));
        log(
          `release ${round - options.warmup}/${options.repeat}: ${describe(waitsOf(ride))}, native ${native.toFixed(0)} ms`,
        );
      } catch (error) {
        if (!(error instanceof Unfinished)) throw error;
        unfinished.push(error.message);
        break;
      }
    }
  } finally {
    await follower.close();
  }
  const toHealthy = quantiles(waits.map((one) => one.toHealthy));
  const native = quantiles(natives);
  const typical = [...costs].sort((one, other) => one.requestsTotal - other.requestsTotal)[
    Math.floor(costs.length / 2)
  ];
  const perRelease = {
    requests: mean(costs.map((cost) => cost.requestsTotal)),
    events: mean(costs.map((cost) => cost.events)),
    actions: mean(costs.map((cost) => cost.actionsTotal)),
    statusWrites: mean(costs.map((cost) => cost.statusWrites)),
    runs: mean(costs.map((cost) => cost.runs)),
  };
  const steps = options.steps.length;
  return {
    replicas,
    toFirstPause: quantiles(waits.map((one) => one.toFirstPause)),
    toNextPause: quantiles(waits.flatMap((one) => one.toNextPause)),
    toHealthy,
    native,
    beyondNative: toHealthy.p50 - native.p50,
    perRelease,
    perStep: {
      requests: perRelease.requests / steps,
      events: perRelease.events / steps,
      actions: perRelease.actions / steps,
    },
    typical: typical ?? emptyCost,
    shares: medianShares(shares),
    samples: waits,
    unfinished,
  };
}

function describe({ toFirstPause, toNextPause, toHealthy }: Waits): string {
  const next = toNextPause.map((ms) => ms.toFixed(0)).join(', ');
  return `first pause ${toFirstPause.toFixed(0)} ms, next ${next} ms, Healthy ${toHealthy.toFixed(0)} ms`;
}

const emptyCost: Cost = {
  requests: {},
  requestsTotal: 0,
  failedRequests: {},
  statusWrites: 0,
  events: 0,
  eventsByKind: {},
  actions: {},
  actionsTotal: 0,
  runs: 0,
  parts: [],
};
