import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { KubeConnection } from '../activities/kube/connection.ts';
import { explain, InstallError } from './errors.ts';
import { type Manifest, manifests, nameOf, pathOf } from './manifests.ts';
import { waitForPolicies } from './probe.ts';

/** The field manager of everything that is installed. */
const fieldManager = 'sluice-install';
const mutatingVersions = ['v1', 'v1beta1', 'v1alpha1'];

/** How to install; everything has a default. */
export type InstallOptions = {
  /** Path of a kubeconfig; without it KUBECONFIG, ~/.kube/config, or the Pod's service account. */
  readonly kubeconfig?: string;
  /** Print the manifests as YAML and touch nothing; needs no cluster. */
  readonly dryRun?: boolean;
  /** Take the CRD over from an installation of OpenKruise Rollouts. */
  readonly force?: boolean;
  /** Receives each line; default is stdout. */
  readonly log?: (line: string) => void;
  /** Milliseconds to wait until what was installed is served; default 60,000. */
  readonly timeout?: number;
};

/**
 * Installs CRD, admission policies and RBAC, and returns when they act. Doing it again changes nothing that is as it
 * should be. Throws {@link InstallError}: no permission, no such API, unreachable, not served in time.
 */
export async function install(options: InstallOptions = {}): Promise<void> {
  const log = options.log ?? ((line) => void process.stdout.write(`${line}\n`));
  if (options.dryRun === true) {
    log(
      manifests()
        .map((manifest) => stringify(manifest, { lineWidth: 120, aliasDuplicateObjects: false }))
        .join('---\n')
        .trimEnd(),
    );
    return;
  }
  const connection = connect(options.kubeconfig);
  const timeout = options.timeout ?? 60_000;
  try {
    const all = manifests(await mutatingVersion(connection));
    for (const manifest of all) {
      if (manifest.kind === 'Namespace') await waitWhileTerminating(connection, manifest, timeout);
      log(`${nameOf(manifest)} ${await apply(connection, manifest, options.force ?? false)}`);
      if (manifest.kind === 'CustomResourceDefinition') await waitUntilServed(connection, manifest, timeout);
    }
    await waitForPolicies(connection, timeout);
    log('served: Rollouts are accepted, and Deployments they name are held');
  } catch (error) {
    throw explain(error, 'install Sluice');
  } finally {
    await connection.close();
  }
}

/** A connection from a kubeconfig; throws {@link InstallError} when there is none that can be read. */
export function connect(kubeconfig: string | undefined): KubeConnection {
  try {
    return kubeconfig === undefined ? KubeConnection.fromDefault() : KubeConnection.fromFile(kubeconfig);
  } catch (error) {
    throw new InstallError(`the kubeconfig cannot be read: ${(error as Error).message}`);
  }
}

/** The newest version of MutatingAdmissionPolicy that is served; throws {@link InstallError} when there is none. */
async function mutatingVersion(connection: KubeConnection): Promise<string> {
  const { versions } = await connection.call<{ versions: { version: string }[] }>(
    'GET',
    '/apis/admissionregistration.k8s.io',
  );
  for (const version of mutatingVersions.filter((wanted) => versions.some((served) => served.version === wanted))) {
    const path = `/apis/admissionregistration.k8s.io/${version}`;
    const { resources } = await connection.call<{ resources: { name: string }[] }>('GET', path);
    if (resources.some(({ name }) => name === 'mutatingadmissionpolicies')) return version;
  }
  throw new InstallError(
    'this cluster does not serve MutatingAdmissionPolicy, which holds Deployments until their release begins: it needs ' +
      'Kubernetes 1.36, or 1.34 with the feature gate MutatingAdmissionPolicy and the API ' +
      'admissionregistration.k8s.io/v1beta1 switched on',
  );
}

type Stored = { readonly metadata: { readonly resourceVersion: string }; readonly spec?: Record<string, unknown> };

async function apply(connection: KubeConnection, manifest: Manifest, force: boolean): Promise<string> {
  const path = pathOf(manifest);
  const before = await connection.call<Stored>('GET', path).catch((error) => {
    if ((error as { status?: number }).status === 404) return undefined;
    throw explain(error, `read ${nameOf(manifest)}`);
  });
  try {
    const after = isForeign(before)
      ? await takeOver(connection, path, manifest, before, force)
      : await connection.call<Stored>('PATCH', path, {
          query: { fieldManager, force: true },
          body: manifest,
          contentType: 'application/apply-patch+yaml',
        });
    if (before === undefined) return 'created';
    return content(before) === content(after) ? 'unchanged' : 'configured';
  } catch (error) {
    throw explain(error, `write ${nameOf(manifest)}`);
  }
}

/** What an object says, without what the API server and its controllers note on it: they do so at any time. */
function content(stored: Stored): string {
  const { status: _, metadata, ...rest } = stored as Stored & { status?: unknown };
  const {
    resourceVersion: _version,
    managedFields: _fields,
    generation: _generation,
    ...kept
  } = metadata as Stored['metadata'] & {
    managedFields?: unknown;
    generation?: unknown;
  };
  return JSON.stringify({ ...rest, metadata: kept });
}

/** OpenKruise's own CRD converts through its webhook; ours does not convert, and never has one. */
function isForeign(stored: Stored | undefined): stored is Stored {
  return (stored?.spec?.conversion as { strategy?: string } | undefined)?.strategy === 'Webhook';
}

async function takeOver(
  connection: KubeConnection,
  path: string,
  manifest: Manifest,
  before: Stored,
  force: boolean,
): Promise<Stored> {
  if (!force) {
    throw new InstallError(
      'OpenKruise Rollouts is installed in this cluster, and two controllers must not drive the same Rollouts; ' +
        'scale kruise-rollout-controller-manager to 0, remove its webhook configurations, and run `sluice install --force`',
    );
  }
  const metadata = { ...manifest.metadata, resourceVersion: before.metadata.resourceVersion };
  return connection.call<Stored>('PUT', path, { query: { fieldManager }, body: { ...manifest, metadata } });
}

/** Just after a removal the namespace is still there, and takes nothing new. */
async function waitWhileTerminating(connection: KubeConnection, manifest: Manifest, timeout: number): Promise<void> {
  const deadline = Date.now() + timeout;
  for (;;) {
    const found = await connection.call<{ status?: { phase?: string } }>('GET', pathOf(manifest)).catch((error) => {
      if ((error as { status?: number }).status === 404) return undefined;
      throw explain(error, `read ${nameOf(manifest)}`);
    });
    if (found?.status?.phase !== 'Terminating') return;
    if (Date.now() > deadline)
      throw new InstallError(
        'the namespace sluice-system is still being removed; run the command again when it is gone',
      );
    await sleep(200);
  }
}

type Definition = {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string }[];
  };
};

async function waitUntilServed(connection: KubeConnection, manifest: Manifest, timeout: number): Promise<void> {
  const { spec } = manifest as unknown as Definition;
  const deadline = Date.now() + timeout;
  for (const { name: version } of spec.versions) {
    const list = `/apis/${spec.group}/${version}/${spec.names.plural}`;
    while (!(await answers(connection, list))) {
      if (Date.now() > deadline)
        throw new InstallError(
          `${list} is not served after ${timeout / 1000} s; look at \`kubectl describe crd\`, and run the command again`,
        );
      await sleep(100);
    }
  }
}

async function answers(connection: KubeConnection, path: string): Promise<boolean> {
  try {
    await connection.call('GET', path, { query: { limit: 1 } });
    return true;
  } catch (error) {
    const { status } = error as { status?: number };
    if (status === 404 || status === 503 || status === 429) return false;
    throw error;
  }
}
