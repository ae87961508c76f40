/**
 * A namespace of its own with an application, its Rollout, a supervised worker and a ledger of what happens there, in
 * which one release after the other is carried out and compared.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { KubeConnection } from '../../activities/kube/connection.ts';
import { type KindName, pathOf } from '../../activities/kube/kinds.ts';
import type { Deployment } from '../../activities/kube/objects.ts';
import { deployment, ingress, manifests, onIngress, rollout, service } from '../support/app.ts';
import { type Cluster, openCluster } from '../support/cluster.ts';
import { usersObjects } from '../support/story.ts';
import { eventually } from '../support/wait.ts';
import { Ledger } from './ledger.ts';
import { Supervised } from './supervisor.ts';

const entry = fileURLToPath(new URL('crashing-worker.ts', import.meta.url));

/** Step 1: one pod, 20 % of the requests, and a person's approval; step 2: 60 % and on by itself. */
export const twoSteps = [
  { weight: 20, replicas: 1, pause: {} },
  { weight: 60, pause: { duration: 0 } },
];

export type RolloutStatus = {
  phase?: string;
  message?: string;
  currentStepIndex?: number;
  currentStepState?: string;
  conditions?: { type: string; status: string; reason: string; message: string }[];
  canaryStatus?: Record<string, unknown>;
};

export type LaneOptions = {
  readonly steps?: readonly unknown[];
  readonly replicas?: number;
  readonly more?: string;
  readonly env?: NodeJS.ProcessEnv;
};

export class Lane {
  readonly cluster: Cluster;
  readonly worker: Supervised;
  readonly ledger: Ledger;
  readonly client: Client;
  readonly replicas: number;
  readonly #folder: string;
  readonly #watching: KubeConnection;
  #released = 2;

  private constructor(
    cluster: Cluster,
    worker: Supervised,
    ledger: Ledger,
    watching: KubeConnection,
    client: Client,
    replicas: number,
    folder: string,
  ) {
    this.cluster = cluster;
    this.worker = worker;
    this.ledger = ledger;
    this.client = client;
    this.replicas = replicas;
    this.#watching = watching;
    this.#folder = folder;
  }

  /** The application is there, rolled out and Healthy; the worker is ready. */
  static async open(prefix: string, client: Client, options: LaneOptions = {}): Promise<Lane> {
    const { steps = twoSteps, replicas = 3, more = '' } = options;
    const cluster = await openCluster(prefix);
    const folder = mkdtempSync(join(tmpdir(), 'sluice-crash-'));
    const { namespace } = cluster;
    const watching = KubeConnection.fromFile(process.env.SLUICE_TEST_KUBECONFIG ?? '');
    const [worker] = await Promise.all([
      Supervised.start({
        namespace,
        taskQueue: namespace,
        entry,
        env: { ...options.env, SLUICE_TEST_CRASH_FILE: join(folder, 'point') },
      }),
      cluster.apply(manifests(deployment({ replicas }), service, ingress, rollout({ steps, route: onIngress, more }))),
    ]);
    const ledger = await new Ledger(watching, namespace).start();
    const lane = new Lane(cluster, worker, ledger, watching, client, replicas, folder);
    await lane.until('the Deployment to be there', () => lane.ledger.latest('deployments', 'echoserver') !== undefined);
    await lane.settled();
    return lane;
  }

  get workflowId(): string {
    return `rollout/test/${this.cluster.namespace}/rollouts-demo`;
  }

  /** Healthy, every pod of the Deployment's template, and nothing under way. */
  async settled(): Promise<void> {
    await this.until('the application to be whole and its Rollout Healthy', () => {
      const { status = {}, metadata, spec } = this.deployment;
      const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, observedGeneration } = status;
      const whole = [replicas, updatedReplicas, availableReplicas].every((count) => count === spec.replicas);
      return this.status.phase === 'Healthy' && observedGeneration === metadata.generation && whole;
    });
  }

  /** Waits for what the ledger's watch brings; says what was seen, and what the worker wrote, when it does not come. */
  async until(what: string, test: () => boolean, deadline = 60_000): Promise<void> {
    await this.ledger.until(what, test, {
      deadline,
      seen: () => ({
        status: this.status,
        deployment: this.deployment.status,
        worker: this.worker.output.slice(-3000),
      }),
    });
  }

  get status(): RolloutStatus {
    return (this.ledger.latest('rollouts', 'rollouts-demo')?.status ?? {}) as RolloutStatus;
  }

  get deployment(): Deployment {
    const object = this.ledger.latest('deployments', 'echoserver');
    if (object === undefined) throw new Error('there is no Deployment');
    return object;
  }

  get canaries(): Deployment[] {
    return this.ledger
      .all('deployments')
      .filter(({ metadata }) => metadata.labels?.['rollouts.kruise.io/canary-deployment'] !== undefined);
  }

  /** Waits until the release shows this, and nothing less, in the Rollout's status. */
  async reaches(wanted: Partial<RolloutStatus>, deadline = 60_000): Promise<void> {
    await this.until(
      `the Rollout to reach ${JSON.stringify(wanted)}`,
      () => Object.entries(wanted).every(([field, value]) => this.status[field as keyof RolloutStatus] === value),
      deadline,
    );
  }

  async patch(kind: KindName, name: string, change: Record<string, unknown>, subresource?: 'status'): Promise<void> {
    const path = pathOf(kind, this.cluster.namespace, name) + (subresource === undefined ? '' : `/${subresource}`);
    await this.cluster.kube.connection.call('PATCH', path, {
      query: { fieldManager: 'test' },
      body: change,
      contentType: 'application/merge-patch+json',
    });
  }

  async setImage(image: string): Promise<void> {
    const { template } = this.deployment.spec;
    const containers = template.spec.containers.map((container) => ({ ...container, image }));
    await this.patch('deployments', 'echoserver', { spec: { template: { spec: { containers } } } });
  }

  /** As `kubectl-kruise rollout approve` does it. */
  async approve(): Promise<void> {
    await this.patch(
      'rollouts',
      'rollouts-demo',
      { status: { canaryStatus: { currentStepState: 'StepReady' } } },
      'status',
    );
  }

  /** An image nobody has used here. */
  nextImage(): string {
    this.#released += 1;
    return `cilium/echoserver:1.10.${this.#released}`;
  }

  /** The worker dies at this point of the release that comes next. */
  arm(point: string): void {
    // Written aside and renamed: the worker never reads half of it.
    writeFileSync(join(this.#folder, 'point.new'), point);
    renameSync(join(this.#folder, 'point.new'), join(this.#folder, 'point'));
  }

  /** Takes back a point that was not reached; true if the worker has died there. */
  disarm(): boolean {
    const file = join(this.#folder, 'point');
    try {
      rmSync(file);
      return false;
    } catch {
      return true;
    }
  }

  /** Publishes an image, approves the first step once it waits for it, and sees the release to its end. */
  async releaseForward(): Promise<void> {
    await this.setImage(this.nextImage());
    await this.paused(1);
    await this.approve();
    await this.ended('Rollout progressing has been completed');
  }

  /** Publishes an image, and puts the old one back while the first step waits. */
  async releaseAndReturn(): Promise<void> {
    const before = this.image;
    await this.setImage(this.nextImage());
    await this.paused(1);
    await this.setImage(before);
    await this.ended('Rollout progressing has been canceled');
  }

  /** Publishes an image that cannot be pulled, and puts the old one back once the pods are known not to come up. */
  async releaseBroken(): Promise<void> {
    const before = this.image;
    await this.setImage(`cilium/broken:${this.nextImage()}`.replace(/:cilium.*:/, ':'));
    await this.until(
      'the message to name the trouble',
      () => this.status.message?.includes('ImagePullBackOff') === true,
    );
    await this.setImage(before);
    await this.ended('Rollout progressing has been canceled');
  }

  async paused(step: number): Promise<void> {
    await this.reaches({ phase: 'Progressing', currentStepState: 'StepPaused', currentStepIndex: step });
  }

  /** The Rollout says so, its workflow has ended, the pods are whole and the ledger has read all of it. */
  async ended(message: string): Promise<void> {
    await this.reaches({ phase: 'Healthy', message, currentStepState: 'Completed' });
    let seen: unknown;
    await eventually(
      'the workflow to end',
      async () => {
        const described = this.client.workflow.getHandle(this.workflowId).describe();
        const { status } = await described.catch((error: Error) => {
          throw new Error(`${error.message}: ${String(error.cause)}`);
        });
        seen = status.name;
        return status.name === 'COMPLETED';
      },
      { seen: () => seen },
    );
    await this.settled();
    await this.ledger.caughtUp();
  }

  get image(): string {
    return this.deployment.spec.template.spec.containers[0]?.image ?? '';
  }

  get generation(): number {
    return this.deployment.metadata.generation ?? 0;
  }

  /** Everything here, in words that are the same after each release: image names, hashes, times and counters aside. */
  async endState(): Promise<unknown> {
    const objects = await usersObjects(this.cluster);
    const live = await this.cluster.get('rollouts', 'rollouts-demo');
    const { finalizers, annotations, labels } = live?.metadata ?? {};
    const text = JSON.stringify({
      ...objects,
      rollout: { finalizers, annotations, labels, spec: live?.spec, status: live?.status },
    });
    const names = new Map<string, string>();
    const status = this.status.canaryStatus;
    for (const field of ['stableRevision', 'canaryRevision', 'podTemplateHash'])
      if (typeof status?.[field] === 'string' && status[field] !== '') names.set(status[field], `<${field}>`);
    let plain = text.replaceAll(this.image, '<image>').replaceAll(this.cluster.namespace, '<namespace>');
    for (const [value, name] of names) plain = plain.replaceAll(value, name);
    return JSON.parse(plain, (key, value: unknown) =>
      /Time$|^observedWorkloadGeneration$|^clusterIPs?$/.test(key)
        ? '<counted>'
        : key === 'kubectl.kubernetes.io/last-applied-configuration'
          ? '<applied>'
          : value,
    );
  }

  async close(): Promise<number | null> {
    const code = await this.worker.stop().catch(() => null);
    await this.ledger.close();
    await this.#watching.close();
    await this.cluster.close();
    rmSync(this.#folder, { recursive: true, force: true });
    return code;
  }
}
