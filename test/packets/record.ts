/** What happened to requests, pods and weights while a load ran: kept moment by moment, judged afterwards. */

import type { EndpointSlice, HttpRoute, Pod } from '../../activities/kube/objects.ts';
import { readyIn } from '../../activities/routes/endpoints.ts';
import { type Counts, type Load, podCounters, startLoad } from '../../dev/dataplane/traffic.ts';
import type { Stack } from '../../dev/stack.ts';
import type { Cluster } from '../support/cluster.ts';
import { eventually } from '../support/wait.ts';

/** A small window of the load. */
export type Moment = {
  /** ms since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly requests: number;
  readonly failed: number;
  readonly byVersion: Readonly<Record<string, number>>;
  /** The most pods of each version that were ready at any time in the window. */
  readonly ready: Readonly<Record<string, number>>;
};

/** A change of the HTTPRoute: the canary Service's percent (null: not mentioned), and when (ms since the epoch). */
export type Weight = { readonly at: number; readonly percent: number | null };

export type Told = {
  readonly moments: readonly Moment[];
  readonly weights: readonly Weight[];
  readonly total: Counts;
  /** Connections to pods of this application that were not ready, or not there any more. */
  readonly refused: readonly { readonly pod: string; readonly reason: string; readonly count: number }[];
  /** Versions that the stable Service has ever had ready endpoints of. */
  readonly behindStable: ReadonlySet<string>;
  /** Pods of a version that were ready at a time. */
  readonly readyAt: (version: string, at: number) => number;
};

/** ms between two samples. */
const beat = 200;

/** ms that the proxy may be behind its controller's word, on a machine with too much to do. */
const lag = 500;

export class Recorder {
  readonly #stack: Stack;
  readonly #load: Load;
  readonly #moments: Moment[] = [];
  readonly #weights: Weight[] = [];
  readonly #ready: { at: number; byVersion: Record<string, number> }[] = [];
  readonly #ips = new Set<string>();
  readonly #versions = new Map<string, string>();
  readonly #behindStable = new Set<string>();
  readonly #off: (() => void)[] = [];
  #most: Record<string, number> = {};
  #running = true;
  #loop: Promise<void> = Promise.resolve();

  private constructor(stack: Stack, load: Load) {
    this.#stack = stack;
    this.#load = load;
  }

  /** Requests to `host` from now on, `rps` a second. */
  static async start(
    cluster: Cluster,
    stack: Stack,
    options: { host: string; rps: number; headers?: Record<string, string> },
  ): Promise<Recorder> {
    const { kube, namespace } = cluster;
    const pods = kube.copy('pods', namespace);
    const routes = kube.copy('httproutes', namespace);
    const slices = kube.copy('endpointslices', namespace);
    await eventually('the watches', () => pods.synced && routes.synced && slices.synced);
    const recorder = new Recorder(stack, await startLoad(stack, options));
    recorder.#off.push(
      pods.onChange(() => recorder.#look(pods.list(namespace))),
      routes.onChange((now, before) => recorder.#weigh(now, before)),
      slices.onChange(() => recorder.#face(slices.list(namespace))),
    );
    recorder.#look(pods.list(namespace));
    recorder.#loop = recorder.#sample();
    return recorder;
  }

  /** Counts of the next `requests` requests, from when the proxy has surely taken in what its controller has accepted. */
  async measure(requests: number): Promise<{ requests: number; byVersion: Record<string, number> }> {
    await new Promise((resolve) => setTimeout(resolve, lag));
    const first = this.#moments.length + 1; // the window under way began before
    const sum = () => {
      const byVersion: Record<string, number> = {};
      let count = 0;
      for (const moment of this.#moments.slice(first)) {
        count += moment.requests;
        for (const [version, hits] of Object.entries(moment.byVersion))
          byVersion[version] = (byVersion[version] ?? 0) + hits;
      }
      return { requests: count, byVersion };
    };
    return eventually(`${requests} requests`, () => sum().requests >= requests && sum(), { deadline: 60_000 });
  }

  async stop(): Promise<Told> {
    this.#running = false;
    await this.#loop;
    const { total } = await this.#load.stop();
    for (const off of this.#off) off();
    const { refused } = await podCounters(this.#stack);
    return {
      moments: this.#moments,
      weights: this.#weights,
      total,
      refused: refused.filter(({ ip }) => this.#ips.has(ip)).map(({ pod, reason, count }) => ({ pod, reason, count })),
      behindStable: this.#behindStable,
      readyAt: (version, at) => this.#ready.findLast((seen) => seen.at <= at)?.byVersion[version] ?? 0,
    };
  }

  async #sample(): Promise<void> {
    let from = Date.now();
    await this.#load.sample();
    while (this.#running) {
      await new Promise((resolve) => setTimeout(resolve, beat));
      const { sinceLast } = await this.#load.sample();
      const to = Date.now();
      const { requests, failed, byVersion } = sinceLast;
      this.#moments.push({ from, to, requests, failed, byVersion, ready: this.#most });
      this.#most = { ...this.#ready.at(-1)?.byVersion };
      from = to;
    }
  }

  #look(pods: readonly Pod[]): void {
    const byVersion: Record<string, number> = {};
    for (const pod of pods) {
      if (pod.status?.podIP !== undefined) this.#ips.add(pod.status.podIP);
      this.#versions.set(pod.metadata.name, versionOf(pod));
      const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
      if (!ready || pod.metadata.deletionTimestamp !== undefined) continue;
      const version = versionOf(pod);
      byVersion[version] = (byVersion[version] ?? 0) + 1;
      this.#most[version] = Math.max(this.#most[version] ?? 0, byVersion[version]);
    }
    this.#ready.push({ at: Date.now(), byVersion });
  }

  #face(slices: readonly EndpointSlice[]): void {
    for (const { pod } of readyIn(slices, 'echoserver')) this.#behindStable.add(this.#versions.get(pod) ?? '');
  }

  #weigh(now: HttpRoute | undefined, before: HttpRoute | undefined): void {
    const percent = canaryPercent(now);
    if (percent !== canaryPercent(before)) this.#weights.push({ at: Date.now(), percent });
  }
}

function versionOf(pod: Pod): string {
  const { containers = [] } = pod.spec as { containers?: { image?: string }[] };
  return /:([^:/@]+)$/.exec(containers[0]?.image ?? '')?.[1] ?? '';
}

/** Share of the requests by weight that an HTTPRoute's rules send to a canary Service; null when they know none. */
function canaryPercent(route: HttpRoute | undefined): number | null {
  const refs = (route?.spec.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs);
  const canary = refs.filter(({ name }) => name.endsWith('-canary'));
  const sum = (list: typeof refs) => list.reduce((total, { weight = 1 }) => total + weight, 0);
  return canary.length === 0 ? null : (100 * sum(canary)) / sum(refs);
}
