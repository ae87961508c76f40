/** Real requests through Envoy while the demo runs, and what share of them each version answers. */
import { podCounters, resetPodCounters, startLoad } from '../dev/dataplane/traffic.ts';
import type { Stack } from '../dev/stack.ts';
import { host } from './app.ts';

export type Measured = { readonly requests: number; readonly canary: number; readonly failed: number };

export type Traffic = {
  /** Share of `version` over the next `requests` requests. */
  readonly measure: (version: string, requests: number) => Promise<Measured>;
  /** Everything since the start: requests, failures (the first few in words), requests to pods that were not ready. */
  readonly total: () => Promise<{ requests: number; failed: number; failures: string[]; unready: number }>;
  readonly stop: () => Promise<void>;
};

/** Requests per second, all the time. */
const rate = 200;

export async function startTraffic(stack: Stack): Promise<Traffic> {
  await resetPodCounters(stack);
  const load = await startLoad(stack, { host, path: '/', rps: rate });
  return {
    async measure(version, requests) {
      await load.sample();
      const sum = { requests: 0, canary: 0, failed: 0 };
      while (sum.requests < requests) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        const { sinceLast } = await load.sample();
        sum.requests += sinceLast.requests;
        sum.failed += sinceLast.failed;
        sum.canary += sinceLast.byVersion[version] ?? 0;
      }
      return sum;
    },
    async total() {
      const { total } = await load.sample();
      const { refused } = await podCounters(stack);
      return {
        requests: total.requests,
        failed: total.failed,
        failures: total.failures.map(({ at, what, pod }) => `${at} ${what} ${pod}`.trim()),
        unready: refused.reduce((sum, { count }) => sum + count, 0),
      };
    },
    async stop() {
      await load.stop();
    },
  };
}
