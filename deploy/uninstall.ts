import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConnection } from '../activities/kube/connection.ts';
import { explain, InstallError } from './errors.ts';
import { connect, type InstallOptions } from './install.ts';
import { manifests, nameOf, pathOf } from './manifests.ts';

const finalizer = 'rollouts.kruise.io/rollout';
const canaryLabel = 'rollouts.kruise.io/canary-deployment';
const canaryFinalizer = 'finalizer.rollouts.kruise.io/batch-release';
const mark = 'rollouts.kruise.io/in-progressing';
const memo = 'sluice.dev/original-paused';
const rolloutsPath = '/apis/rollouts.kruise.io/v1beta1/rollouts';
const underWay = ['Progressing', 'Terminating', 'Disabling'];

type Item = {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly finalizers?: readonly string[];
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status?: { readonly phase?: string };
};

/**
 * Removes what {@link install} made, and every Rollout with it; workloads stay as they are. Throws
 * {@link InstallError}, with nothing removed, while a release is under way, unless `force` is set: then the
 * Deployments of such releases stay paused, and each is named in the output.
 */
export async function uninstall(options: Omit<InstallOptions, 'dryRun'> = {}): Promise<void> {
  const log = options.log ?? ((line) => void process.stdout.write(`${line}\n`));
  const connection = connect(options.kubeconfig);
  try {
    const rollouts = await list(connection, rolloutsPath);
    const held = (await list(connection, '/apis/apps/v1/deployments')).filter(
      ({ metadata }) => metadata.annotations !== undefined && mark in metadata.annotations,
    );
    refuseUnderWay(rollouts, held, options.force ?? false);
    // Policies go first: without the CRD they could not be evaluated, and would refuse updates of every Deployment.
    for (const manifest of await installed(connection)) {
      if (manifest.kind === 'CustomResourceDefinition') await releaseRollouts(connection);
      log(`${nameOf(manifest)} ${await remove(connection, pathOf(manifest), options.timeout ?? 60_000)}`);
    }
    await releaseCanaries(connection);
    for (const { metadata } of held) {
      await removeMark(connection, metadata);
      log(
        `deployment/${metadata.name} stays paused: kubectl rollout resume deployment/${metadata.name} -n ${metadata.namespace}`,
      );
    }
  } catch (error) {
    throw explain(error, 'remove Sluice');
  } finally {
    await connection.close();
  }
}

function refuseUnderWay(rollouts: readonly Item[], held: readonly Item[], force: boolean): void {
  const releases = rollouts.filter(({ status }) => underWay.includes(status?.phase ?? ''));
  if (force || releases.length + held.length === 0) return;
  const names = [
    ...releases.map(({ metadata, status }) => `rollout ${metadata.namespace}/${metadata.name} (${status?.phase})`),
    ...held.map(({ metadata }) => `deployment ${metadata.namespace}/${metadata.name} (held)`),
  ];
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '');
  throw new InstallError(
    `a release is under way: ${shown}; let it end or roll it back first, or use --force to leave its Deployment paused`,
  );
}

async function installed(connection: KubeConnection) {
  const { versions } = await connection.call<{ versions: { version: string }[] }>(
    'GET',
    '/apis/admissionregistration.k8s.io',
  );
  const newest = ['v1', 'v1beta1', 'v1alpha1'].find((version) => versions.some((served) => served.version === version));
  return manifests(newest).reverse();
}

/** No release is under way, or its loss was asked for: what the finalizer waits for will not come. */
async function releaseRollouts(connection: KubeConnection): Promise<void> {
  for (const { metadata } of await list(connection, rolloutsPath)) {
    if (metadata.finalizers?.includes(finalizer) !== true) continue;
    const finalizers = metadata.finalizers.filter((name) => name !== finalizer);
    await connection
      .call('PATCH', `/apis/rollouts.kruise.io/v1beta1/namespaces/${metadata.namespace}/rollouts/${metadata.name}`, {
        body: { metadata: { finalizers } },
        contentType: 'application/merge-patch+json',
      })
      .catch(ignoreMissing);
  }
}

/** Canary Deployments of releases given up go with their Rollouts: nobody is left to let them. */
async function releaseCanaries(connection: KubeConnection): Promise<void> {
  for (const { metadata } of await list(connection, `/apis/apps/v1/deployments?labelSelector=${canaryLabel}`)) {
    const finalizers = metadata.finalizers?.filter((name) => name !== canaryFinalizer) ?? [];
    const path = `/apis/apps/v1/namespaces/${metadata.namespace}/deployments/${metadata.name}`;
    await connection
      .call('PATCH', path, { body: { metadata: { finalizers } }, contentType: 'application/merge-patch+json' })
      .catch(ignoreMissing);
    await connection.call('DELETE', path, { body: { propagationPolicy: 'Background' } }).catch(ignoreMissing);
  }
}

async function remove(connection: KubeConnection, path: string, timeout: number): Promise<string> {
  const deadline = Date.now() + timeout;
  const asked = await askToRemove(connection, path, deadline);
  if (asked === undefined) return 'not found';
  // Only what others wait for is waited for: a namespace takes its time.
  while (path.includes('/customresourcedefinitions/')) {
    if ((await connection.call('GET', path).then(() => true, ignoreMissing)) === undefined) break;
    if (Date.now() > deadline)
      throw new InstallError('the CRD is still being removed: some Rollout has a finalizer of another controller');
    await releaseRollouts(connection);
    await sleep(100);
  }
  return 'deleted';
}

/** The policy that guards the CRD acts for some moments after it was removed. */
async function askToRemove(connection: KubeConnection, path: string, deadline: number): Promise<true | undefined> {
  for (;;) {
    try {
      return await connection.call('DELETE', path).then(() => true as const, ignoreMissing);
    } catch (error) {
      if (!(error as Error).message.includes("'sluice-guard'") || Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

/** Nothing of ours stays on it; whether it goes on is for its owner to say. */
async function removeMark(connection: KubeConnection, { namespace, name }: Item['metadata']): Promise<void> {
  const body = { metadata: { annotations: { [mark]: null, [memo]: null } } };
  await connection
    .call('PATCH', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`, {
      body,
      contentType: 'application/merge-patch+json',
    })
    .catch(ignoreMissing);
}

async function list(connection: KubeConnection, path: string): Promise<readonly Item[]> {
  const found = await connection.call<{ items: Item[] }>('GET', path).catch(ignoreMissing);
  return found?.items ?? [];
}

function ignoreMissing(error: unknown): undefined {
  if ((error as { status?: number }).status !== 404) throw error;
  return undefined;
}
