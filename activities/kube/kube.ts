/** The one door to the cluster: absolute, idempotent writes, and shared local copies to read and wait on. */
import type { KubeConnection } from './connection.ts';
import { isStatus } from './errors.ts';
import { apiVersionOf, type KindName, kinds, pathOf } from './kinds.ts';
import type { KubeObject, ObjectOf } from './objects.ts';
import { isNewer, Reflector } from './reflector.ts';
import { Slots } from './slots.ts';

/** A namespaced copy nobody asked for in this time is let go. */
const idle = 10 * 60_000;

/** Kinds every worker follows in the whole cluster; the others are followed by namespace, while a release needs them. */
const clusterWide: readonly KindName[] = ['rollouts', 'deployments'];

/**
 * The API server gives out and takes back the addresses of Services one at a time. A request that gives up in its queue
 * is carried out all the same, and its second try waits behind it; so they wait here, where no time runs out.
 */
const serviceWrites = 4;

export type PatchOptions = {
  readonly subresource?: 'status';
  /** Refuse (409) unless the object is still at this version. */
  readonly resourceVersion?: string;
};

export class Kube {
  readonly connection: KubeConnection;
  readonly #copies = new Map<string, { copy: Reflector<KindName>; used: number }>();
  readonly #sweeper: NodeJS.Timeout;
  readonly #serviceSlots = new Slots(serviceWrites);

  readonly #only: string | undefined;

  /** With `only`, the kinds followed everywhere are followed in that namespace alone. */
  constructor(connection: KubeConnection, only?: string) {
    this.connection = connection;
    this.#only = only;
    this.#sweeper = setInterval(() => void this.#sweep(), 60_000);
    this.#sweeper.unref();
  }

  /** The shared copy of a kind (in a namespace), following from the first call on. */
  copy<K extends KindName>(kind: K, namespace?: string): Reflector<K> {
    const scope = this.#scope(kind, namespace);
    const key = `${kind}/${scope ?? ''}`;
    let held = this.#copies.get(key);
    if (held === undefined) {
      held = { copy: new Reflector<KindName>(this.connection, kind, scope).start(), used: 0 };
      this.#copies.set(key, held);
    }
    held.used = Date.now();
    return held.copy as unknown as Reflector<K>;
  }

  /** All copies now kept, for health and metrics. */
  copies(): Reflector<KindName>[] {
    return [...this.#copies.values()].map((held) => held.copy);
  }

  /**
   * Reads an object, from the copy when it is in step, else from the server. With `atLeast`, a resourceVersion, a copy
   * that has not come that far is not believed.
   */
  async read<K extends KindName>(
    kind: K,
    namespace: string,
    name: string,
    atLeast?: string,
  ): Promise<ObjectOf[K] | undefined> {
    const copy = this.copy(kind, namespace);
    if (copy.synced && copy.trouble === undefined) {
      const object = copy.get(namespace, name);
      if (atLeast === undefined || (object !== undefined && !olderThan(object, atLeast))) return object;
    }
    return this.get(kind, namespace, name);
  }

  /** All objects of a kind in a namespace; the server is asked while the copy is not in step. */
  async readAll<K extends KindName>(kind: K, namespace: string): Promise<ObjectOf[K][]> {
    const copy = this.copy(kind, namespace);
    if (copy.synced && copy.trouble === undefined) return copy.list(namespace);
    const answer = await this.connection.call<{ items: ObjectOf[K][] }>('GET', pathOf(kind, namespace));
    return answer.items;
  }

  /** Asks the server itself; undefined when there is no such object. */
  async get<K extends KindName>(kind: K, namespace: string, name: string): Promise<ObjectOf[K] | undefined> {
    try {
      const object = await this.connection.call<ObjectOf[K]>('GET', pathOf(kind, namespace, name));
      this.#absorb(kind, object);
      return object;
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  /** Creates, or returns the one that is there already with `existed`: a second try of a lost answer is no error. */
  async create<K extends KindName>(
    kind: K,
    object: { metadata: { name: string; namespace: string } } & Record<string, unknown>,
  ): Promise<{ object: ObjectOf[K]; existed: boolean }> {
    const { name, namespace } = object.metadata;
    try {
      const post = () =>
        this.connection.call<ObjectOf[K]>('POST', pathOf(kind, namespace), {
          query: { fieldManager: 'sluice' },
          body: { apiVersion: apiVersionOf(kind), kind: kinds[kind].kind, ...object },
        });
      const made = await (kind === 'services' ? this.#serviceSlots.run(post) : post());
      this.#absorb(kind, made);
      return { object: made, existed: false };
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
      const found = await this.get(kind, namespace, name);
      if (found === undefined) throw error;
      return { object: found, existed: true };
    }
  }

  /** JSON merge patch: null removes a field. Absolute values only, so that a repeated patch changes nothing. */
  async patch<K extends KindName>(
    kind: K,
    namespace: string,
    name: string,
    change: Record<string, unknown>,
    options: PatchOptions = {},
  ): Promise<ObjectOf[K]> {
    const metadata = { ...(change.metadata as object), resourceVersion: options.resourceVersion };
    const body = options.resourceVersion === undefined ? change : { ...change, metadata };
    const path = pathOf(kind, namespace, name) + (options.subresource === undefined ? '' : `/${options.subresource}`);
    const object = await this.connection.call<ObjectOf[K]>('PATCH', path, {
      query: { fieldManager: 'sluice' },
      body,
      contentType: 'application/merge-patch+json',
    });
    this.#absorb(kind, object);
    return object;
  }

  /** Deletes in the background; an object that is gone already is fine. With `uid`, only that very object. */
  async delete(kind: KindName, namespace: string, name: string, uid?: string): Promise<void> {
    const remove = () =>
      this.connection.call('DELETE', pathOf(kind, namespace, name), {
        body: {
          propagationPolicy: 'Background',
          ...(uid === undefined ? {} : { preconditions: { uid } }),
        },
      });
    try {
      await (kind === 'services' ? this.#serviceSlots.run(remove) : remove());
    } catch (error) {
      if (!isStatus(error, 404) && !(uid !== undefined && isStatus(error, 409))) throw error;
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await Promise.all(this.copies().map((copy) => copy.close()));
    await this.connection.close();
  }

  #absorb<K extends KindName>(kind: K, object: ObjectOf[K]): void {
    if (object?.metadata?.namespace === undefined) return;
    const held = this.#copies.get(`${kind}/${this.#scope(kind, object.metadata.namespace) ?? ''}`);
    (held?.copy as unknown as Reflector<K> | undefined)?.absorb(object);
  }

  #scope(kind: KindName, namespace: string | undefined): string | undefined {
    return clusterWide.includes(kind) ? this.#only : namespace;
  }

  async #sweep(): Promise<void> {
    for (const [key, { copy, used }] of [...this.#copies]) {
      if (clusterWide.includes(copy.kind) || copy.heeded || Date.now() - used < idle) continue;
      this.#copies.delete(key);
      await copy.close();
    }
  }
}

function olderThan(object: KubeObject, version: string): boolean {
  return isNewer({ metadata: { ...object.metadata, resourceVersion: version } }, object);
}
