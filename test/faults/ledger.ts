/**
 * What really happened to a namespace's objects, written down by a watch of the test's own: for each object the sequence
 * of its meaningful states, in words that are the same for every release (names of versions are numbered as they appear).
 */
import type { KubeConnection } from '../../activities/kube/connection.ts';
import { type KindName, pathOf } from '../../activities/kube/kinds.ts';
import type {
  Deployment,
  Ingress,
  KubeObject,
  ObjectOf,
  RolloutObject,
  Service,
} from '../../activities/kube/objects.ts';

type Line = { type: string; object: KubeObject & { code?: number } };
type Entry = { readonly version: bigint; readonly object: string; readonly state: string };

type Followed = 'deployments' | 'services' | 'ingresses' | 'rollouts';
const followed: readonly Followed[] = ['deployments', 'services', 'ingresses', 'rollouts'];

export class Ledger {
  readonly #connection: KubeConnection;
  readonly #namespace: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];
  readonly #names = new Map<string, string>();
  readonly #versions = new Map<KindName, bigint>();
  readonly #latest = new Map<string, KubeObject>();
  readonly #listeners = new Set<() => void>();
  /** By object, its state when this story began. */
  readonly #before = new Map<string, string>();
  #entries: Entry[] = [];

  constructor(connection: KubeConnection, namespace: string) {
    this.#connection = connection;
    this.#namespace = namespace;
  }

  /** Resolves when every kind is followed. */
  async start(): Promise<this> {
    for (const kind of followed) {
      const page = await this.#connection.call<{ metadata: { resourceVersion: string }; items: KubeObject[] }>(
        'GET',
        pathOf(kind, this.#namespace),
      );
      for (const object of page.items) this.#note(kind, object, false);
      this.#versions.set(kind, BigInt(page.metadata.resourceVersion));
      this.#running.push(this.#follow(kind));
    }
    return this;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  /** Turns the page: what is written from now on is another story. */
  clear(): void {
    this.#entries = [];
    this.#names.clear();
    this.#before.clear();
    for (const kind of followed)
      for (const object of this.all(kind)) this.#before.set(this.#titleOf(kind, object), this.#state(kind, object));
  }

  /** The object as the watch showed it last. */
  latest<K extends Followed>(kind: K, name: string): ObjectOf[K] | undefined {
    return this.#latest.get(`${kind}/${name}`) as ObjectOf[K] | undefined;
  }

  /** All objects of a kind as the watch showed them last. */
  all<K extends Followed>(kind: K): ObjectOf[K][] {
    return [...this.#latest].filter(([key]) => key.startsWith(`${kind}/`)).map(([, object]) => object as ObjectOf[K]);
  }

  /** Resolves when `test` holds, looking again with each event; after `deadline` ms it throws with what was seen. */
  async until(
    what: string,
    test: () => boolean,
    { deadline = 60_000, seen = () => '' as unknown } = {},
  ): Promise<void> {
    if (test()) return;
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!test()) return;
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#listeners.delete(look);
        const story = JSON.stringify({ seen: seen(), story: this.story() }, null, 1);
        reject(new Error(`not in time: ${what}; seen: ${story}`));
      }, deadline);
      this.#listeners.add(look);
    });
  }

  /** Resolves when every watch has come as far as the cluster is now. */
  async caughtUp(): Promise<void> {
    for (const kind of followed) {
      const page = await this.#connection.call<{ items: KubeObject[] }>('GET', pathOf(kind, this.#namespace));
      const versions = page.items.map(({ metadata }) => BigInt(metadata.resourceVersion));
      const names = page.items.map(({ metadata }) => metadata.name);
      await this.until(
        `the ledger to have read all of ${kind}`,
        () =>
          versions.every((version) => (this.#versions.get(kind) ?? 0n) >= version) &&
          this.all(kind as Followed).length === names.length,
      );
    }
  }

  /** By object, its states in the order in which they came; a state that lasts is written once. */
  story(): Record<string, string[]> {
    const told: Record<string, string[]> = {};
    for (const { object, state } of [...this.#entries].sort((one, other) => Number(one.version - other.version))) {
      told[object] ??= [];
      const states = told[object];
      if (states.at(-1) !== state) states.push(state);
    }
    return told;
  }

  async #follow(kind: KindName): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        const lines = await this.#connection.stream(
          pathOf(kind, this.#namespace),
          { watch: true, allowWatchBookmarks: true, resourceVersion: String(this.#versions.get(kind)) },
          this.#stop.signal,
        );
        let rest = '';
        const decoder = new TextDecoder();
        for await (const chunk of lines) {
          rest += decoder.decode(chunk, { stream: true });
          for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
            this.#take(kind, JSON.parse(rest.slice(0, end)) as Line);
            rest = rest.slice(end + 1);
          }
        }
      } catch {
        if (this.#stop.signal.aborted) return;
        // A watch that ends is opened again where it was: no event is lost by it.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  #take(kind: KindName, { type, object }: Line): void {
    if (type === 'ERROR') throw new Error(`the ledger has lost track of ${kind}: ${JSON.stringify(object)}`);
    this.#versions.set(kind, BigInt(object.metadata.resourceVersion));
    if (type !== 'BOOKMARK') this.#note(kind, object, type === 'DELETED');
  }

  #note(kind: KindName, object: KubeObject, gone: boolean): void {
    const { resourceVersion, name, deletionTimestamp } = object.metadata;
    if (gone) this.#latest.delete(`${kind}/${name}`);
    else this.#latest.set(`${kind}/${name}`, object);
    const says = gone ? 'gone' : deletionTimestamp !== undefined ? 'going' : this.#state(kind, object);
    const which = this.#titleOf(kind, object);
    // An object of before that is written without being changed has no part in this story.
    const told = this.#before.get(which) !== says || this.#entries.some((entry) => entry.object === which);
    if (told) this.#entries.push({ version: BigInt(resourceVersion), object: which, state: says });
    for (const listener of [...this.#listeners]) listener();
  }

  /** Each object that was ever made counts for itself: two canary Deployments are two effects. */
  #titleOf(kind: KindName, object: KubeObject): string {
    const { name, uid } = object.metadata;
    const title = kind === 'deployments' && isCanary(object as Deployment) ? 'canary Deployment' : `${kind}/${name}`;
    return this.#named(`${title} `, uid);
  }

  #state(kind: KindName, object: KubeObject): string {
    switch (kind) {
      case 'deployments': {
        const { spec, metadata } = object as Deployment;
        const image = this.#named('image', spec.template.spec.containers[0]?.image ?? '');
        const held = metadata.annotations?.['rollouts.kruise.io/in-progressing'] === undefined ? '' : ' held';
        return `${image} x${spec.replicas}${spec.paused === true ? ' paused' : ''}${held}`;
      }
      case 'services':
        return this.#selector((object as Service).spec.selector ?? {});
      case 'ingresses': {
        const { metadata, spec } = object as Ingress;
        const prefix = 'nginx.ingress.kubernetes.io/canary';
        const canary = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.startsWith(prefix));
        const paths = (spec.rules ?? []).flatMap(({ http }) => http?.paths ?? []);
        const text = canary.map(([key, value]) => `${key.slice(prefix.length)}=${value}`).sort();
        return [...paths.map(({ path, backend }) => `${path}>${backend.service?.name}`), ...text].join(' ');
      }
      default: {
        const { status = {} } = object as RolloutObject;
        const conditions = (status.conditions ?? []) as { type: string; status: string; reason: string }[];
        const progressing = conditions.find(({ type }) => type === 'Progressing');
        return [status.phase, progressing?.reason, status.currentStepIndex, status.currentStepState].join(' ');
      }
    }
  }

  #selector(selector: Record<string, string>): string {
    return Object.entries(selector)
      .map(([key, value]) => (key === 'pod-template-hash' ? this.#named('version', value) : `${key}=${value}`))
      .sort()
      .join(' ');
  }

  /** `prefix1`, `prefix2`, … in order of appearance; the first of an object has no number. */
  #named(prefix: string, value: string): string {
    const known = this.#names.get(`${prefix}/${value}`);
    if (known !== undefined) return known;
    const count = [...this.#names.keys()].filter((key) => key.startsWith(`${prefix}/`)).length + 1;
    const name = prefix.endsWith(' ') ? (count === 1 ? prefix.trim() : `${prefix}${count}`) : `${prefix}${count}`;
    this.#names.set(`${prefix}/${value}`, name);
    return name;
  }
}

function isCanary(object: Deployment): boolean {
  return object.metadata.labels?.['rollouts.kruise.io/canary-deployment'] !== undefined;
}
