/** An application behind Contour and Envoy with its Rollout, a worker of its own, and stories told under constant load. */
import { describe } from '@jest/globals';
import { type Connected, connect, SluiceClient } from '../../client/index.ts';
import { type Answer, request } from '../../dev/dataplane/traffic.ts';
import { find, type Stack } from '../../dev/stack.ts';
import { deployment, httpRoute, manifests, onHttpRoute, rollout, service } from '../support/app.ts';
import { type Cluster, openCluster } from '../support/cluster.ts';
import { approveByStatus, reaches, setImage, statusOf } from '../support/story.ts';
import { eventually } from '../support/wait.ts';
import { startWorker, type WorkerProcess } from '../support/worker.ts';
import { Recorder, type Told } from './record.ts';

/** Five pods that take a moment to become ready, as real ones do. */
export const replicas = 5;

/** 5 % on one pod, 40 % on two, 80 % on four; the last batch is implicit. */
export const steps = [
  { weight: 5, replicas: 1, pause: {} },
  { weight: 40, pause: {} },
  { weight: 80, pause: {} },
] as const;

/** Pods without which the plan's shares must not be given. */
export function podsFor(percent: number): number {
  return percent <= 5 ? 1 : percent <= 40 ? 2 : percent <= 80 ? 4 : 5;
}

/** Tests that need real packets: skipped, with the reason, where no network namespace can be made. */
export function describePackets(name: string, tests: () => void): void {
  const state = process.env.SLUICE_TEST_DATAPLANE ?? 'the stack was set up without saying whether it has a data plane';
  if (state === 'available') describe(name, tests);
  else describe.skip(`${name} (skipped: ${state})`, tests);
}

export type SceneOptions = {
  readonly annotations?: Record<string, string>;
  readonly steps?: readonly unknown[];
  /** More objects, or others than the HTTPRoute before the application. */
  readonly front?: (host: string) => string;
  /** Which route the Rollout names. Default: the HTTPRoute. */
  readonly route?: string;
};

const name = 'rollouts-demo';

export class Scene {
  readonly cluster: Cluster;
  readonly stack: Stack;
  readonly host: string;
  readonly sluice: SluiceClient;
  readonly target: { readonly namespace: string; readonly name: string };
  readonly #connected: Connected;
  #worker: WorkerProcess;
  #tag = 2;

  private constructor(cluster: Cluster, stack: Stack, host: string, connected: Connected, worker: WorkerProcess) {
    this.cluster = cluster;
    this.stack = stack;
    this.host = host;
    this.#connected = connected;
    this.#worker = worker;
    this.target = { namespace: cluster.namespace, name };
    this.sluice = new SluiceClient(connected.client, { cluster: 'test', taskQueue: cluster.namespace });
  }

  /** The application answers through Envoy, all pods are ready and the Rollout is Healthy. */
  static async open(prefix: string, options: SceneOptions = {}): Promise<Scene> {
    const stack = find();
    if (stack === undefined) throw new Error('there is no stack');
    const cluster = await openCluster(prefix);
    const host = `${cluster.namespace}.example.com`;
    const { annotations = {}, front = httpRoute, route = onHttpRoute } = options;
    const app = deployment({ replicas, annotations: { 'sluice.dev/ready-after': '800ms', ...annotations } });
    const [worker, connected] = await Promise.all([
      startWorker({ namespace: cluster.namespace, taskQueue: cluster.namespace }),
      connect(),
      cluster.apply(manifests(app, service, front(host), rollout({ steps: options.steps ?? steps, route }))),
    ]);
    const scene = new Scene(cluster, stack, host, connected, worker);
    await scene.settled();
    return scene;
  }

  async close(): Promise<void> {
    await this.#worker.stop();
    await this.cluster.close();
    await this.#connected.close();
  }

  /** The version published last. */
  get version(): string {
    return `1.10.${this.#tag}`;
  }

  /** The version in the Deployment's template. */
  async running(): Promise<string> {
    const object = await this.cluster.get('deployments', 'echoserver');
    return object?.spec.template.spec.containers[0]?.image?.split(':')[1] ?? '';
  }

  /** Publishes a version nobody has used here; its name. */
  async publish(): Promise<string> {
    this.#tag += 1;
    await setImage(this.cluster, `cilium/echoserver:${this.version}`);
    return this.version;
  }

  /** Re-applies an older version, which is then the one of the template. */
  async putBack(version: string): Promise<void> {
    await setImage(this.cluster, `cilium/echoserver:${version}`);
  }

  /** The release of this version waits at the step. */
  async paused(step: number, version = this.version): Promise<void> {
    const image = `cilium/echoserver:${version}`;
    let seen: unknown;
    const look = async () => {
      const { currentStepState, currentStepIndex, message } = await statusOf(this.cluster);
      const made = (await this.cluster.list('deployments')).filter(({ metadata }) => metadata.name !== 'echoserver');
      const images = made.map(({ spec }) => spec.template.spec.containers[0]?.image);
      seen = { currentStepState, currentStepIndex, message, images };
      // Until the status follows, it is still that of the version before.
      return currentStepState === 'StepPaused' && currentStepIndex === step && images.join() === image;
    };
    await eventually(`${version} to pause at step ${step}`, look, { deadline: 60_000, seen: () => seen });
  }

  async approve(): Promise<void> {
    await approveByStatus(this.cluster);
  }

  /** The release was aborted: its pods are gone, and it waits for a decision. */
  async aborted(): Promise<void> {
    const look = async () => (await statusOf(this.cluster)).message?.startsWith('Rollout has been aborted') === true;
    await eventually('the release to be aborted', look, { seen: () => statusOf(this.cluster) });
  }

  /** The release has ended so, and the application is whole again. */
  async ended(message: string): Promise<void> {
    await reaches(this.cluster, { phase: 'Healthy', message }, name, 90_000);
    await this.settled();
  }

  /** Healthy, all pods of the Deployment ready, requests answered. */
  async settled(): Promise<void> {
    const look = async () => {
      const object = await this.cluster.get('deployments', 'echoserver');
      const { availableReplicas, updatedReplicas, replicas: all } = object?.status ?? {};
      const phase = (await statusOf(this.cluster)).phase;
      return [availableReplicas, updatedReplicas, all].every((count) => count === replicas) && phase === 'Healthy';
    };
    await eventually('the application to be whole', look, {
      deadline: 60_000,
      seen: async () => [await statusOf(this.cluster), this.#worker.output().slice(-2000)],
    });
    await eventually('answers through Envoy', async () => (await this.ask()).status === 200);
  }

  /** One request, beside the load. */
  ask(headers: Record<string, string> = {}): Promise<Answer> {
    return request(this.stack, { host: this.host, headers });
  }

  /** Kills the worker with SIGKILL as soon as the HTTPRoute gives the canary this weight, and starts another. */
  async killWhen(weight: number | undefined): Promise<void> {
    const { kube, namespace } = this.cluster;
    const routes = kube.copy('httproutes', namespace);
    const worker = this.#worker;
    const current = () => {
      const rules = routes.get(namespace, 'echoserver')?.spec.rules ?? [];
      const refs = rules.flatMap(({ backendRefs = [] }) => backendRefs);
      return refs.find((ref) => ref.name === 'echoserver-canary')?.weight;
    };
    const off = routes.onChange(() => {
      if (current() === weight) worker.child.kill('SIGKILL');
    });
    await eventually(`the worker to be killed at weight ${weight}`, () => worker.child.killed, {
      deadline: 60_000,
      seen: async () => [current(), await statusOf(this.cluster), worker.output().slice(-2000)],
    }).finally(off);
    await worker.kill();
    this.#worker = await startWorker({ namespace, taskQueue: namespace });
  }

  /** Tells a story while requests come in, and what became of them. The story ends when its last promise does. */
  async under(rps: number, story: (load: Recorder) => Promise<void>, headers?: Record<string, string>): Promise<Told> {
    const load = await Recorder.start(this.cluster, this.stack, { host: this.host, rps, ...(headers && { headers }) });
    let told: Told | undefined;
    try {
      await story(load);
      // What comes late belongs to the story as well: pods that end, connections that close.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
    } finally {
      told = await load.stop();
    }
    return told;
  }
}
