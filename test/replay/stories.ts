/** The releases whose histories are kept: each goes another way through the workflow. */
import type { Client } from '@temporalio/client';
import { SluiceClient } from '../../client/index.ts';
import { deployment, ingress, manifests, onIngress, rollout, service } from '../support/app.ts';
import { type Cluster, openCluster } from '../support/cluster.ts';
import { approveByStatus, reaches, setImage, statusOf } from '../support/story.ts';
import { eventually } from '../support/wait.ts';
import { startWorker, type WorkerProcess } from '../support/worker.ts';

const name = 'rollouts-demo';
const image = (patch: number | string) => `cilium/echoserver:${typeof patch === 'number' ? `1.10.${patch}` : patch}`;

/** One approval, one pause of a second, and on by itself. */
const plan = [
  { weight: 5, replicas: 1, pause: {} },
  { weight: 40, pause: { duration: 1 } },
  { weight: 80, pause: { duration: 0 } },
];

type Options = { readonly annotations?: Record<string, string>; readonly steps?: readonly unknown[] };

export type Story = {
  readonly about: string;
  readonly options?: Options;
  readonly tell: (teller: Teller) => Promise<void>;
};

/** An application with its Rollout and a worker, for one story. */
export class Teller {
  readonly cluster: Cluster;
  readonly client: Client;
  readonly sluice: SluiceClient;
  readonly target: { readonly namespace: string; readonly name: string };
  worker: WorkerProcess;

  private constructor(cluster: Cluster, client: Client, worker: WorkerProcess) {
    this.cluster = cluster;
    this.client = client;
    this.worker = worker;
    this.target = { namespace: cluster.namespace, name };
    this.sluice = new SluiceClient(client, { cluster: 'test', taskQueue: cluster.namespace });
  }

  static async open(story: string, client: Client, { annotations = {}, steps = plan }: Options = {}): Promise<Teller> {
    const cluster = await openCluster(`replay-${story}`);
    const worker = await startWorker({ namespace: cluster.namespace, taskQueue: cluster.namespace });
    const app = deployment({ replicas: 3, annotations });
    await cluster.apply(manifests(app, service, ingress, rollout({ steps, route: onIngress })));
    await eventually('the application', async () => {
      const live = await cluster.get('deployments', 'echoserver');
      return live?.status?.availableReplicas === 3 && (await statusOf(cluster)).phase === 'Healthy';
    });
    return new Teller(cluster, client, worker);
  }

  async close(): Promise<void> {
    await this.worker.stop();
    await this.cluster.close();
  }

  get workflowId(): string {
    return `rollout/test/${this.cluster.namespace}/${name}`;
  }

  async publish(patch: number | string): Promise<void> {
    await setImage(this.cluster, image(patch));
  }

  async paused(step: number): Promise<void> {
    await reaches(this.cluster, { phase: 'Progressing', currentStepState: 'StepPaused', currentStepIndex: step });
  }

  async says(text: string): Promise<void> {
    const look = async () => (await statusOf(this.cluster)).message?.includes(text) === true;
    await eventually(`the message "${text}"`, look, { seen: () => statusOf(this.cluster), deadline: 60_000 });
  }

  /** The release's workflow has ended. */
  async ended(): Promise<void> {
    await eventually('the end of the workflow', async () => {
      const { status } = await this.client.workflow.getHandle(this.workflowId).describe();
      return status.name === 'COMPLETED';
    });
  }

  async signal(command: string): Promise<void> {
    await this.client.workflow.getHandle(this.workflowId).signal(command);
  }

  /** SIGKILL, and another worker. */
  async crash(): Promise<void> {
    await this.worker.kill();
    const { namespace } = this.cluster;
    this.worker = await startWorker({ namespace, taskQueue: namespace });
  }
}

const by = { by: 'mara' };

export const stories: Readonly<Record<string, Story>> = {
  success: {
    about: 'approved by status patch, then by timers, to every pod',
    async tell(teller) {
      await teller.publish(3);
      await teller.paused(1);
      await approveByStatus(teller.cluster);
      await teller.ended();
    },
  },
  rollback: {
    about: 'a version whose pods never become ready, rolled back by re-applying the old image',
    async tell(teller) {
      await teller.publish('failed');
      await teller.says('ImagePullBackOff');
      await teller.publish(2);
      await teller.ended();
    },
  },
  continuous: {
    about: 'a third version published in the second step, and released instead',
    options: { steps: [plan[0], { weight: 40, pause: {} }] },
    async tell(teller) {
      await teller.publish(3);
      await teller.paused(1);
      await teller.signal('approve');
      await teller.paused(2);
      await teller.publish(4);
      await teller.paused(1);
      await teller.sluice.approve(teller.target, by);
      await teller.paused(2);
      await teller.sluice.approve(teller.target, by);
      await teller.ended();
    },
  },
  commands: {
    about: 'paused, resumed, aborted, retried, refused, undone',
    async tell(teller) {
      const { sluice, target } = teller;
      await teller.publish(3);
      await teller.paused(1);
      await sluice.pause(target, by);
      await teller.says('paused');
      await teller.signal('pause');
      await sluice.resume(target, by);
      await teller.paused(1);
      await sluice.abort(target, { ...by, reason: 'the error rate' });
      await teller.says('Rollout has been aborted');
      await sluice.retry(target, by);
      await teller.paused(1);
      await teller.signal('approve');
      await eventually('step 2', async () => (await statusOf(teller.cluster)).currentStepIndex === 2);
      await sluice.undo(target, by);
      await teller.ended();
    },
  },
  steps: {
    about: 'jumps forward and back, by update and by status patch, and a plan edited under way',
    options: { steps: [plan[0], { weight: 40, pause: {} }, { weight: 80, pause: {} }] },
    async tell(teller) {
      const { sluice, target, cluster } = teller;
      await teller.publish(3);
      await teller.paused(1);
      const steps = [
        plan[0],
        { weight: 60, pause: {} },
        { weight: 80, pause: {} },
        { weight: 100, pause: { duration: 0 } },
      ];
      await cluster.apply(rollout({ steps, route: onIngress }));
      await eventually('the edited plan', async () => (await sluice.get(target)).steps === 4);
      await teller.paused(1);
      await sluice.jump(target, 3, by);
      await teller.paused(3);
      const back = JSON.stringify({ status: { canaryStatus: { nextStepIndex: 2 } } });
      await cluster.kubectl('patch', 'rollout', name, '--subresource=status', '--type=merge', '-p', back);
      await teller.paused(2);
      await sluice.approve(target, by);
      await teller.paused(3);
      await teller.signal('approve');
      await teller.ended();
    },
  },
  crash: {
    about: 'workers killed while pods are awaited, in a pause and while the workload rolls by itself',
    options: { annotations: { 'sluice.dev/ready-after': '4s' } },
    async tell(teller) {
      await teller.publish(3);
      await reaches(teller.cluster, { currentStepState: 'StepUpgrade', currentStepIndex: 1 });
      await teller.crash();
      await teller.paused(1);
      await teller.crash();
      await approveByStatus(teller.cluster);
      await eventually('step 2', async () => (await statusOf(teller.cluster)).currentStepIndex === 2);
      await teller.crash();
      await teller.ended();
    },
  },
  deleted: {
    about: 'the Rollout deleted in a pause: the new version is carried to every pod',
    async tell(teller) {
      await teller.publish(3);
      await teller.paused(1);
      await teller.cluster.kubectl('delete', 'rollout', name, '--timeout=30s');
      await teller.ended();
    },
  },
  client: {
    about: 'started by a client with its own change of images, and another version asked for in the middle',
    async tell(teller) {
      const { sluice, target } = teller;
      await sluice.start({ ...target, images: { echoserver: image(3) }, ...by });
      await teller.paused(1);
      await sluice.start({ ...target, images: { echoserver: image(4) }, ...by });
      await eventually('the other version', async () => (await sluice.get(target)).images.canary[0] === image(4));
      await teller.paused(1);
      await sluice.approve(target, by);
      await teller.ended();
    },
  },
};
