/** The stage of the bench: an embedded stack, Sluice installed in it, one worker process, and the way to all of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { KubeConnection } from '../activities/kube/connection.ts';
import { install } from '../deploy/install.ts';
import { down, pidOf, type Stack, up } from '../dev/stack.ts';
import { workflowIdOf } from '../domain/view.ts';
import { AuditLog } from './audit.ts';
import { type App, deployment, ingress, path, rollout, service } from './objects.ts';
import { sleep } from './stats.ts';
import { Meter } from './usage.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const cluster = 'bench';

export type Stage = {
  readonly stack: Stack;
  /** The bench's own user, who is not the worker's. */
  readonly api: KubeConnection;
  readonly client: Client;
  readonly audit: AuditLog;
  readonly meter: () => Meter;
  readonly workflowId: (app: App) => string;
  /** What the worker has written so far. */
  readonly workerLog: () => string;
  /** Creates Deployment, Service, Ingress and, with steps, the Rollout, and waits until all pods are ready. */
  readonly deploy: (apps: readonly App[], replicas: number, steps?: readonly number[]) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Sets everything up; what was started is taken down again when that fails. */
export async function setStage(options: { stack: string; keep: boolean; log: (line: string) => void }): Promise<Stage> {
  const { stack: name, log } = options;
  const stack = await up({ name, audit: true, temporal: 'memory', dataPlane: false, fresh: true, log });
  const toEnd: (() => Promise<unknown> | unknown)[] = [];
  const close = async () => {
    for (const end of toEnd.splice(0).reverse()) await end();
    if (!options.keep) await down({ name, log });
  };
  try {
    await install({ kubeconfig: stack.kubernetes.kubeconfigs.admin, log: () => {} });
    const worker = await startWorker(stack);
    toEnd.push(() => stopWorker(worker));
    const connection = await Connection.connect({ address: stack.temporal.address });
    toEnd.push(() => connection.close());
    const api = KubeConnection.fromFile(stack.kubernetes.kubeconfigs.admin);
    toEnd.push(() => api.close());
    if (stack.kubernetes.auditLog === undefined) throw new Error('the stack writes no audit log');
    return {
      stack,
      api,
      client: new Client({ connection, namespace: stack.temporal.namespace }),
      audit: new AuditLog(stack.kubernetes.auditLog),
      meter: () => new Meter({ worker: worker.pid ?? 0, ...serverPids(stack), bench: process.pid }),
      workflowId: ({ namespace, name: app }) => workflowIdOf({ cluster, namespace, name: app }),
      workerLog: () => readFileSync(workerLogPath(stack), 'utf8'),
      deploy: (apps, replicas, steps) => deploy(api, apps, replicas, steps),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function serverPids(stack: Stack): Record<string, number> {
  const names = ['temporal', 'kube-apiserver', 'etcd', 'kube-controller-manager', 'kube-scheduler', 'kwok'] as const;
  return Object.fromEntries(names.map((name) => [name, pidOf(stack, name) ?? 0]));
}

function workerLogPath(stack: Stack): string {
  return join(stack.dir, 'bench-worker.log');
}

/** One worker with shipped settings, as its operator starts it. */
async function startWorker(stack: Stack): Promise<ChildProcess> {
  const log = workerLogPath(stack);
  const file = openSync(log, 'w');
  const flags = [
    '--cluster',
    cluster,
    '--health-address',
    '127.0.0.1:0',
    '--kubeconfig',
    stack.kubernetes.kubeconfigs.worker,
  ];
  const child = spawn(process.execPath, [join(root, 'bin', 'sluice.js'), 'worker', ...flags], {
    cwd: root,
    env: { ...process.env, TEMPORAL_ADDRESS: stack.temporal.address, TEMPORAL_NAMESPACE: stack.temporal.namespace },
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  const end = Date.now() + 60_000;
  for (;;) {
    const text = readFileSync(log, 'utf8');
    const url = /health (http:\S+)/.exec(text)?.[1];
    const ready =
      url !== undefined &&
      (await fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ));
    if (ready && /new releases start on build/.test(text)) return child;
    if (child.exitCode !== null || Date.now() > end) {
      child.kill('SIGKILL');
      throw new Error(`the worker did not become ready; it wrote:\n${text.slice(-3000)}`);
    }
    await sleep(50);
  }
}

async function stopWorker(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(hard);
}

async function deploy(
  api: KubeConnection,
  apps: readonly App[],
  replicas: number,
  steps?: readonly number[],
): Promise<void> {
  for (const namespace of new Set(apps.map((app) => app.namespace)))
    await api
      .call('POST', path('Namespace', {}), { body: { metadata: { name: namespace } } })
      .catch((error: { status?: number }) => {
        if (error.status !== 409) throw error;
      });
  const create = (kind: Parameters<typeof path>[0], namespace: string, body: unknown) =>
    api.call('POST', path(kind, { namespace }), { body, timeout: 60_000 });
  const make = async (app: App) => {
    await create('Deployment', app.namespace, deployment(app, replicas));
    await create('Service', app.namespace, service(app));
    await create('Ingress', app.namespace, ingress(app));
    if (steps !== undefined) await create('Rollout', app.namespace, rollout(app, steps));
  };
  for (let index = 0; index < apps.length; index += 10) await Promise.all(apps.slice(index, index + 10).map(make));
  const waiting = new Set(apps);
  const end = Date.now() + 120_000;
  while (waiting.size > 0) {
    if (Date.now() > end) throw new Error(`the pods of ${waiting.size} new Deployments did not become ready in 120 s`);
    await sleep(100);
    for (const namespace of new Set([...waiting].map((app) => app.namespace))) {
      const { items } = await api.call<{
        items: { metadata: { name: string }; status?: { availableReplicas?: number } }[];
      }>('GET', path('Deployment', { namespace }));
      const ready = new Set(
        items.filter(({ status }) => status?.availableReplicas === replicas).map(({ metadata }) => metadata.name),
      );
      for (const app of waiting) if (app.namespace === namespace && ready.has(app.name)) waiting.delete(app);
    }
  }
}
