/**
 * A local copy of one collection, kept by list and watch.
 *
 * The client library's informer stops for good at the first error that is not a 410, and dies with a throwing callback;
 * a release at night needs one that neither does. Every error here ends in a jittered retry, a watch that has been
 * silent for too long is opened anew, and the copy can be asked to wait until it has seen a given version.
 */
import type { KubeConnection } from './connection.ts';
import { KubeError } from './errors.ts';
import { type KindName, pathOf } from './kinds.ts';
import type { KubeObject, ObjectOf } from './objects.ts';

/** The server sends bookmarks about once a minute; a longer silence means a dead connection. */
const silence = 100_000;

/** Deleted objects whose end is remembered. */
const remembered = 1_000;

type Listener<T> = (now: T | undefined, before: T | undefined) => void;
type Line = { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'; object: KubeObject & { code?: number } };
type Page = { metadata: { resourceVersion: string; continue?: string }; items: KubeObject[] };

export class Reflector<K extends KindName> {
  readonly kind: K;
  readonly namespace: string | undefined;
  /** When the API server was last heard on this watch (ms since the epoch); 0 before the first answer. */
  lastHeard = 0;
  /** Why the copy may be stale right now; undefined while the watch is open. */
  trouble: string | undefined = 'not synced yet';
  readonly #connection: KubeConnection;
  readonly #objects = new Map<string, ObjectOf[K]>();
  readonly #listeners = new Set<Listener<ObjectOf[K]>>();
  /** Objects seen deleted lately: the answer to a write may arrive after the news of their end. */
  readonly #gone = new Set<string>();
  readonly #stop = new AbortController();
  #version = '0';
  #synced = false;
  #running: Promise<void> | undefined;

  constructor(connection: KubeConnection, kind: K, namespace?: string) {
    this.#connection = connection;
    this.kind = kind;
    this.namespace = namespace;
  }

  start(): this {
    this.#running ??= this.#run();
    return this;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Somebody listens: this copy is in use, however long ago it was asked for. */
  get heeded(): boolean {
    return this.#listeners.size > 0;
  }

  get synced(): boolean {
    return this.#synced;
  }

  get(namespace: string, name: string): ObjectOf[K] | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  list(namespace?: string): ObjectOf[K][] {
    const all = [...this.#objects.values()];
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
  }

  /** Calls `listener` on every change; returns the way to stop. A listener must not throw, and should only enqueue. */
  onChange(listener: Listener<ObjectOf[K]>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes in what a write answered, so that the writer reads its own writes before the watch brings them. */
  absorb(object: ObjectOf[K]): void {
    if (this.#synced) this.#put(object);
  }

  /**
   * Resolves as soon as `test` holds, looking again after each change; rejects when `signal` aborts or `test` throws.
   * With `concerns`, only changes of objects for which that is true count: hundreds of waits may share this copy.
   */
  async until(test: () => boolean, signal: AbortSignal, concerns?: (object: ObjectOf[K]) => boolean): Promise<void> {
    if (this.#synced && test()) return;
    await new Promise<void>((resolve, reject) => {
      const look = (now?: ObjectOf[K], before?: ObjectOf[K]) => {
        const changed = now ?? before;
        if (concerns !== undefined && changed !== undefined && !concerns(changed)) return;
        try {
          if (!this.#synced || !test()) return;
          done();
          resolve();
        } catch (error) {
          // What the test finds wrong ends its own wait, not the watch that all waits share.
          done();
          reject(error as Error);
        }
      };
      const abort = () => {
        done();
        reject(signal.reason as Error);
      };
      const off = this.onChange(look);
      const done = () => {
        off();
        signal.removeEventListener('abort', abort);
      };
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort);
      look();
    });
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#version === '0') await this.#list();
        await this.#watch(() => {
          failures = 0;
        });
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (isGone(error)) {
          this.#version = '0';
          continue;
        }
        failures += 1;
        this.trouble = (error as Error).message;
        await pause(Math.min(10_000, 100 * 2 ** Math.min(failures, 7)) * (0.5 + Math.random()), this.#stop.signal);
      }
    }
  }

  async #list(): Promise<void> {
    const seen = new Set<string>();
    let next: string | undefined;
    let version = '0';
    do {
      const page: Page = await this.#connection.call('GET', pathOf(this.kind, this.namespace), {
        query: { limit: 500, continue: next },
        timeout: 60_000,
        signal: this.#stop.signal,
      });
      for (const object of page.items) {
        seen.add(keyOf(object));
        this.#put(object as ObjectOf[K]);
      }
      next = page.metadata.continue === '' ? undefined : page.metadata.continue;
      version = page.metadata.resourceVersion;
    } while (next !== undefined);
    for (const [key, object] of [...this.#objects]) if (!seen.has(key)) this.#drop(key, object);
    this.#version = version;
    this.#heard();
    this.#synced = true;
    this.#notify(undefined, undefined);
  }

  async #watch(opened: () => void): Promise<void> {
    const quiet = new AbortController();
    const guard = setInterval(() => {
      if (Date.now() - this.lastHeard > silence) quiet.abort(new Error('the watch has been silent for too long'));
    }, 5_000);
    guard.unref();
    try {
      const lines = await this.#connection.stream(
        pathOf(this.kind, this.namespace),
        {
          watch: true,
          allowWatchBookmarks: true,
          resourceVersion: this.#version,
          timeoutSeconds: 240 + Math.floor(Math.random() * 60),
        },
        AbortSignal.any([this.#stop.signal, quiet.signal]),
      );
      this.#heard();
      opened();
      for await (const line of jsonLines(lines)) {
        this.#heard();
        this.#take(line as Line);
      }
    } finally {
      clearInterval(guard);
    }
  }

  #take({ type, object }: Line): void {
    if (type === 'ERROR') {
      throw new KubeError(`watch of ${this.kind}: ${JSON.stringify(object)}`, object.code ?? 500, 'WatchError');
    }
    this.#version = object.metadata.resourceVersion;
    if (type === 'BOOKMARK') return;
    if (type === 'DELETED') this.#drop(keyOf(object), object as ObjectOf[K]);
    else this.#put(object as ObjectOf[K]);
  }

  #put(object: ObjectOf[K]): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (this.#gone.has(object.metadata.uid) || (before !== undefined && !isNewer(object, before))) return;
    slim(object);
    this.#objects.set(key, object);
    this.#notify(object, before);
  }

  #drop(key: string, last: ObjectOf[K]): void {
    const before = this.#objects.get(key);
    this.#gone.add(last.metadata.uid);
    for (const uid of this.#gone) {
      if (this.#gone.size <= remembered) break;
      this.#gone.delete(uid);
    }
    // A late DELETED of an older object of the same name must not hide the one made since.
    if (before !== undefined && before.metadata.uid !== last.metadata.uid) return;
    if (this.#objects.delete(key)) this.#notify(undefined, before);
  }

  #notify(now: ObjectOf[K] | undefined, before: ObjectOf[K] | undefined): void {
    for (const listener of [...this.#listeners]) listener(now, before);
  }

  #heard(): void {
    this.lastHeard = Date.now();
    this.trouble = undefined;
  }
}

/** True if `object` is a later version: versions of one server's collection are ordered numbers. */
export function isNewer(object: KubeObject, than: KubeObject): boolean {
  return BigInt(object.metadata.resourceVersion) > BigInt(than.metadata.resourceVersion);
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** Ownership records are the larger half of many objects; only of Rollouts are they read (who wrote the status). */
function slim(object: KubeObject): void {
  if (object.kind !== 'Rollout') delete object.metadata.managedFields;
}

function isGone(error: unknown): boolean {
  return (error as KubeError).status === 410;
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

async function* jsonLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    let end = rest.indexOf('\n');
    while (end >= 0) {
      if (end > 0) yield JSON.parse(rest.slice(0, end));
      rest = rest.slice(end + 1);
      end = rest.indexOf('\n');
    }
  }
}
