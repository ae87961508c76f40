/** The cluster as a test's user reaches it: kubectl for writes, plain JSON for reads, a namespace of one's own. */
import { execFile } from 'node:child_process';
import { KubeConnection } from '../../activities/kube/connection.ts';
import { type KindName, pathOf } from '../../activities/kube/kinds.ts';
import { Kube } from '../../activities/kube/kube.ts';
import type { KubeObject, ObjectOf } from '../../activities/kube/objects.ts';
import { eventually } from './wait.ts';

export type Cluster = {
  readonly kube: Kube;
  readonly namespace: string;
  readonly kubectl: (...args: string[]) => Promise<string>;
  readonly apply: (yaml: string) => Promise<string>;
  readonly get: <K extends KindName>(kind: K, name: string) => Promise<ObjectOf[K] | undefined>;
  readonly list: <K extends KindName>(kind: K) => Promise<ObjectOf[K][]>;
  readonly close: () => Promise<void>;
};

/** Name of a namespace that no other test has. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${process.pid.toString(36)}${Math.floor(performance.now()).toString(36)}`;
}

export async function openCluster(prefix: string): Promise<Cluster> {
  const kubeconfig = process.env.SLUICE_TEST_KUBECONFIG;
  if (kubeconfig === undefined) throw new Error('no cluster: SLUICE_TEST_KUBECONFIG is not set');
  const namespace = uniqueName(prefix);
  const kube = new Kube(KubeConnection.fromFile(kubeconfig));
  const kubectl = (...args: string[]) => run('kubectl', ['--kubeconfig', kubeconfig, '-n', namespace, ...args]);
  await kubectl('create', 'namespace', namespace);
  return {
    kube,
    namespace,
    kubectl,
    apply: (yaml) => run('kubectl', ['--kubeconfig', kubeconfig, '-n', namespace, 'apply', '-f', '-'], yaml),
    get: (kind, name) => kube.get(kind, namespace, name),
    async list(kind) {
      return (await eventually(`list of ${kind}`, () => kube.readAll(kind, namespace))) as never;
    },
    async close() {
      await kubectl('delete', 'rollouts', '--all', '--wait=false').catch(() => '');
      await withoutFinalizers(kube, namespace).catch(() => '');
      await kubectl('delete', 'namespace', namespace, '--wait=false').catch(() => '');
      await kube.close();
    },
  };
}

/** The worker that would let them go has ended: a namespace that never goes keeps the controllers busy for good. */
async function withoutFinalizers(kube: Kube, namespace: string): Promise<void> {
  for (const kind of ['rollouts', 'deployments'] as const) {
    const path = pathOf(kind, namespace);
    const { items } = await kube.connection.call<{ items: KubeObject[] }>('GET', path);
    for (const { metadata } of items)
      if ((metadata.finalizers ?? []).length > 0)
        await kube.patch(kind, namespace, metadata.name, { metadata: { finalizers: null } }).catch(() => undefined);
  }
}

/** Runs a command to its end; throws with what it wrote when it fails. */
export function run(command: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, [...args], { maxBuffer: 64e6, timeout: 60_000 }, (error, stdout, stderr) =>
      error === null
        ? resolve(stdout)
        : reject(new Error(`${command} ${args.join(' ')}: ${stderr || stdout || error.message}`)),
    );
    child.stdin?.end(input);
  });
}
