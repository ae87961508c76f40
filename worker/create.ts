/** One process that does everything: Temporal worker, watcher, health and metrics. */
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import { KubeConnection } from '../activities/kube/connection.ts';
import { Kube } from '../activities/kube/kube.ts';
import { registerSearchAttributes } from './attributes.ts';
import { workflowBundle } from './bundle.ts';
import { serveHealth } from './health.ts';
import { createMetrics, type Metrics, watchMetrics } from './metrics.ts';
import { promote, type Versioning, versioningOptions } from './versioning.ts';
import { Watcher } from './watcher.ts';

export type SluiceWorkerOptions = {
  readonly temporal: ConnectionOptions;
  readonly temporalNamespace: string;
  readonly taskQueue: string;
  /** Name of the Kubernetes cluster in workflow IDs. */
  readonly cluster: string;
  /** Path of a kubeconfig; default: KUBECONFIG, ~/.kube/config, or the Pod's service account. */
  readonly kubeconfig?: string;
  /** Serve the Rollouts of this namespace only. */
  readonly namespace?: string;
  readonly health?: { readonly host: string; readonly port: number };
  readonly versioning: Versioning;
  readonly log: (line: string) => void;
  /** More of Temporal's own options, for tests and tuning. */
  readonly worker?: Partial<WorkerOptions>;
};

export type SluiceWorker = {
  /** Resolves when the worker has drained after `shutdown`; rejects when it cannot go on. */
  readonly run: () => Promise<void>;
  /** Stops taking work, lets what runs finish or hand over, and closes every connection. */
  readonly shutdown: () => void;
  readonly health: string | undefined;
  readonly metrics: Metrics;
};

export async function createWorker(options: SluiceWorkerOptions): Promise<SluiceWorker> {
  const metrics = createMetrics();
  let missing: () => string[] = () => ['the worker is starting'];
  // First of all: an address that is taken is better known before anything is connected.
  const health =
    options.health === undefined ? undefined : await serveHealth(options.health, metrics.registry, () => missing());
  const kube = new Kube(connectKube(options.kubeconfig, metrics), options.namespace);
  const connection = await Connection.connect(options.temporal);
  await registerSearchAttributes(connection, options.temporalNamespace);
  const client = new Client({ connection, namespace: options.temporalNamespace });
  const native = await NativeConnection.connect(options.temporal as Parameters<typeof NativeConnection.connect>[0]);
  const { codePath, buildId } = await workflowBundle();
  const worker = await Worker.create({
    connection: native,
    namespace: options.temporalNamespace,
    taskQueue: options.taskQueue,
    workflowBundle: { codePath },
    activities: createActivities({ kube, client }),
    // A waiting activity does nothing but hold a place: there may be many of them.
    maxConcurrentActivityTaskExecutions: 2_000,
    maxConcurrentLocalActivityExecutions: 200,
    // Tasks of a worker that was killed wait on its own queue this long before another may take them.
    stickyQueueScheduleToStartTimeout: '1 second',
    maxHeartbeatThrottleInterval: '5 seconds',
    shutdownGraceTime: '5 seconds',
    workflowTaskPollerBehavior: { type: 'autoscaling', minimum: 4, initial: 8, maximum: 64 },
    activityTaskPollerBehavior: { type: 'autoscaling', minimum: 4, initial: 8, maximum: 64 },
    ...versioningOptions(options.versioning, buildId),
    ...options.worker,
  });
  await promote(connection, options, buildId, options.log);
  watchMetrics(metrics, kube);
  const watcher = new Watcher({ ...options, kube, client, metrics }).start();
  missing = () => unready(kube, worker);
  return {
    async run() {
      try {
        await worker.run();
      } finally {
        await watcher.stop();
        health?.server.close();
        health?.server.closeAllConnections();
        await kube.close();
        await native.close();
        await connection.close();
      }
    },
    shutdown: () => worker.shutdown(),
    health: health?.url,
    metrics,
  };
}

function connectKube(kubeconfig: string | undefined, metrics: Metrics): KubeConnection {
  const observe = ({ method, status, milliseconds }: { method: string; status: number; milliseconds: number }) =>
    metrics.requests.observe({ method, code: String(status) }, milliseconds / 1000);
  return kubeconfig === undefined ? KubeConnection.fromDefault(observe) : KubeConnection.fromFile(kubeconfig, observe);
}

function unready(kube: Kube, worker: Worker): string[] {
  const state = worker.getState();
  const missing = kube
    .copies()
    .filter((copy) => !copy.synced && (copy.kind === 'rollouts' || copy.kind === 'deployments'))
    .map((copy) => `not following ${copy.kind} yet: ${copy.trouble ?? ''}`);
  return state === 'RUNNING' ? missing : [`the Temporal worker is ${state}`, ...missing];
}
