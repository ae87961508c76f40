import { expect } from '@jest/globals';
import type { Loose } from '../spec/objects.ts';
import { type Cluster, type Deployment, mark } from './cluster.ts';

/** Deployments with Rollouts, and what is expected of them. */
export class Held {
  readonly #cluster: Cluster;
  #made = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The name of the Deployment that {@link named} makes next. */
  get next(): string {
    return `owl-${this.#made}`;
  }

  /** A Deployment that a Rollout names; admission knows of it. */
  async named(spec: Loose = {}, rollout: Loose = {}, version?: string): Promise<string> {
    const name = this.next;
    this.#made++;
    await this.#cluster.createDeployment(name, spec);
    await this.#cluster.createRollout(name, rollout, version);
    await this.#cluster.seen();
    return name;
  }

  /** One that was given the image owl:2, and is held. */
  async held(spec: Loose = {}): Promise<string> {
    const name = await this.named(spec);
    await this.setImage(name, 'owl:2');
    await this.expectHeld(name, 'owl:2');
    return name;
  }

  async setImage(name: string, image: string): Promise<void> {
    const { output } = await this.#cluster.kubectl(['set', 'image', `deploy/${name}`, `main=${image}`]);
    expect(output).toContain('image updated');
  }

  async expectHeld(name: string, image: string): Promise<void> {
    const object = await this.#cluster.get(name);
    expect(look(object)).toEqual({ image, paused: true, mark: JSON.stringify({ rolloutName: name }) });
  }

  async expectFree(name: string): Promise<void> {
    expect(look(await this.#cluster.get(name))).toMatchObject({ paused: false, mark: undefined });
  }
}

function look({ metadata, spec }: Deployment): Loose {
  return {
    image: spec.template.spec.containers[0]?.image,
    paused: spec.paused === true,
    mark: metadata.annotations?.[mark],
  };
}
