import type { Loose } from '../spec/objects.ts';
import { type Cluster, refusal } from './cluster.ts';

const strict = { fieldValidation: 'Strict' };

/** Rollouts of one namespace, each under a name and with a workload of its own. */
export class Rollouts {
  readonly #cluster: Cluster;
  #made = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The object with every `owl` in it renamed to a name that nobody else has. */
  own(object: Loose): Loose & { metadata: { name: string; namespace: string } } {
    const name = `owl-${this.#made++}`;
    const renamed = JSON.parse(JSON.stringify(object).replaceAll('"name":"owl"', `"name":"${name}"`)) as Loose;
    return { ...renamed, metadata: { ...(object.metadata as Loose), name, namespace: this.#cluster.namespace } };
  }

  async create(object: Loose): Promise<Loose> {
    return this.#cluster.admin.call('POST', this.#path(object), { body: object, query: strict });
  }

  /** The message with which the object would be refused, or the empty string. */
  async dryRun(object: Loose): Promise<string> {
    const query = { ...strict, dryRun: 'All' };
    return refusal(this.#cluster.admin.call('POST', this.#path(object), { body: object, query }));
  }

  #path(object: Loose): string {
    return this.#cluster.rollouts('', String(object.apiVersion).split('/')[1]);
  }
}
