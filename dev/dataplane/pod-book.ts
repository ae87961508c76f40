import { readFileSync } from 'node:fs';
import { Agent, type RequestOptions, request } from 'node:https';

/** A pod as the stand-in plays it. */
export interface PodView {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  readonly ip: string;
  readonly image: string;
  /** Tag of the first container's image. */
  readonly version: string;
  /** Whether a request may reach it: Ready, or terminating after having been Ready. */
  readonly serves: boolean;
  readonly ports: readonly number[];
  /** Share of requests to answer with 500, by annotation `sluice.dev/fail-rate`. */
  readonly failRate: number;
  /** Milliseconds to wait before answering, by annotation `sluice.dev/slow`. */
  readonly slowMs: number;
}

interface Pod {
  metadata: {
    uid: string;
    name: string;
    namespace: string;
    resourceVersion: string;
    deletionTimestamp?: string;
    annotations?: Record<string, string>;
  };
  spec: { nodeName?: string; containers: { image: string; ports?: { containerPort: number; protocol?: string }[] }[] };
  status: { podIP?: string; phase?: string; conditions?: { type: string; status: string }[] };
}

/** Called when a pod appears or changes (`now`), changes or goes (`before`). */
export type PodListener = (now: PodView | undefined, before: PodView | undefined) => void;

/** Knows all pods of the cluster by address, kept up to date by a watch that survives the API server's absence. */
export class PodBook {
  readonly #byUid = new Map<string, PodView>();
  readonly #byIp = new Map<string, PodView>();
  readonly #listener: PodListener;
  readonly #server: string;
  readonly #options: RequestOptions;
  #synced = false;

  constructor(kubeconfigPath: string, listener: PodListener) {
    const config = JSON.parse(readFileSync(kubeconfigPath, 'utf8'));
    const { cluster } = config.clusters[0];
    this.#server = cluster.server;
    this.#options = {
      agent: new Agent({ keepAlive: true, ca: readFileSync(cluster['certificate-authority']) }),
      headers: { authorization: `Bearer ${config.users[0].user.token}`, accept: 'application/json' },
    };
    this.#listener = listener;
  }

  /** Whether the list of pods has been read at least once. */
  get synced(): boolean {
    return this.#synced;
  }

  /** The pod that has this address. */
  at(ip: string): PodView | undefined {
    return this.#byIp.get(ip);
  }

  /** Follows the cluster until the process ends. */
  async follow(): Promise<never> {
    for (;;) {
      try {
        await this.#watch(await this.#list());
      } catch (error) {
        console.error(`pods: ${(error as Error).message}; listing them again`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  async #list(): Promise<string> {
    let text = '';
    for await (const chunk of await this.#open('/api/v1/pods')) text += chunk;
    const list = JSON.parse(text) as { metadata: { resourceVersion: string }; items: Pod[] };
    const present = new Set(list.items.map((pod) => pod.metadata.uid));
    for (const uid of [...this.#byUid.keys()]) if (!present.has(uid)) this.#remove(uid);
    for (const pod of list.items) this.#put(pod);
    this.#synced = true;
    return list.metadata.resourceVersion;
  }

  async #watch(resourceVersion: string): Promise<void> {
    let rest = '';
    const path = `/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`;
    for await (const chunk of await this.#open(path)) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { type, object } = JSON.parse(line) as { type: string; object: Pod & { message?: string } };
        if (type === 'ERROR') throw new Error(object.message ?? 'watch ended');
        if (type === 'DELETED') this.#remove(object.metadata.uid);
        else if (type !== 'BOOKMARK') this.#put(object);
      }
    }
  }

  #open(path: string): Promise<AsyncIterable<string>> {
    return new Promise((resolve, reject) => {
      const call = request(`${this.#server}${path}`, this.#options, (answer) => {
        answer.setEncoding('utf8');
        if (answer.statusCode === 200) resolve(answer);
        else {
          answer.resume();
          reject(new Error(`the API server answered ${answer.statusCode}`));
        }
      });
      call.on('error', reject);
      call.end();
    });
  }

  #put(pod: Pod): void {
    const before = this.#byUid.get(pod.metadata.uid);
    const now = viewOf(pod, before);
    if (now === undefined) return;
    this.#byUid.set(now.uid, now);
    this.#byIp.set(now.ip, now);
    this.#listener(now, before);
  }

  #remove(uid: string): void {
    const before = this.#byUid.get(uid);
    if (before === undefined) return;
    this.#byUid.delete(uid);
    if (this.#byIp.get(before.ip)?.uid === uid) this.#byIp.delete(before.ip);
    this.#listener(undefined, before);
  }
}

/** What a pod object means for who asks it; undefined before it has an address. */
export function viewOf(pod: Pod, before: PodView | undefined): PodView | undefined {
  const { metadata, spec, status } = pod;
  if (status.podIP === undefined || status.podIP === '') return undefined;
  const ready = status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
  const image = spec.containers[0]?.image ?? '';
  return {
    uid: metadata.uid,
    name: metadata.name,
    namespace: metadata.namespace,
    node: spec.nodeName ?? '',
    ip: status.podIP,
    image,
    version: /:([^:/@]+)(@|$)/.exec(image)?.[1] ?? 'latest',
    serves: ready || (metadata.deletionTimestamp !== undefined && before?.serves === true),
    ports: spec.containers
      .flatMap((container) => container.ports ?? [])
      .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
      .map(({ containerPort }) => containerPort),
    failRate: Number(metadata.annotations?.['sluice.dev/fail-rate'] ?? 0) || 0,
    slowMs: milliseconds(metadata.annotations?.['sluice.dev/slow'] ?? '0'),
  };
}

/** `300ms`, `1.5s`, `2m`; a plain number is seconds. Nonsense is 0. */
export function milliseconds(duration: string): number {
  const match = /^([\d.]+)(ms|s|m|)$/.exec(duration.trim());
  const factor = { ms: 1, s: 1000, m: 60_000, '': 1000 }[match?.[2] ?? ''] ?? 0;
  return match === null ? 0 : Number(match[1]) * factor || 0;
}
