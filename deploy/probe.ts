import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConnection } from '../activities/kube/connection.ts';
import { InstallError } from './errors.ts';

const namespace = 'sluice-system';
const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
const rollouts = `/apis/rollouts.kruise.io/v1beta1/namespaces/${namespace}/rollouts`;
const mark = 'rollouts.kruise.io/in-progressing';

function deployment(name: string): object {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, annotations: { [mark]: '{}' } },
    spec: {
      // A Deployment that was born paused makes no pods.
      paused: true,
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'none', image: 'none.invalid/none' }] } },
    },
  };
}

function rollout(name: string, workload: string, annotations: Record<string, string> = {}): object {
  return {
    apiVersion: 'rollouts.kruise.io/v1beta1',
    kind: 'Rollout',
    metadata: { name, namespace, annotations },
    spec: {
      disabled: true,
      workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: workload },
      strategy: { canary: { enableExtraWorkloadForCanary: true, steps: [{ replicas: 1 }] } },
    },
  };
}

/**
 * Waits until the policies act, for the API server compiles and spreads them some moments after they are written. A
 * Deployment without pods and a disabled Rollout are made for it, and removed again; the tries are dry runs.
 */
export async function waitForPolicies(connection: KubeConnection, milliseconds: number): Promise<void> {
  const deadline = Date.now() + milliseconds;
  // Two installations at once must not remove each other's probe.
  const name = `sluice-probe-${randomBytes(4).toString('hex')}`;
  try {
    // An older state of the policies may still act, and refuse these.
    await until(deadline, 'the probe cannot be made', () => made(connection, deployments, deployment(name)));
    await until(deadline, 'the probe cannot be made', () => made(connection, rollouts, rollout(name, name)));
    const tests = { 'sluice-hold': holds, 'sluice-rollout': refusesStyle, 'sluice-one-rollout': refusesSecond };
    for (const [policy, test] of Object.entries(tests)) {
      await until(deadline, `the admission policy ${policy} does not act`, async () =>
        (await test(connection, name)) ? undefined : new Error('see `kubectl describe` of it'),
      );
    }
  } finally {
    await removeProbe(connection, name);
  }
}

/** Tries again until there is no error; the last one is told. */
async function until(deadline: number, what: string, attempt: () => Promise<Error | undefined>): Promise<void> {
  for (let error = await attempt(); error !== undefined; error = await attempt()) {
    if (Date.now() > deadline) throw new InstallError(`${what} (${error.message}); run the command again`);
    await sleep(100);
  }
}

async function made(connection: KubeConnection, path: string, body: object): Promise<Error | undefined> {
  const answer = await settle(connection.call('POST', path, { body }));
  return 'error' in answer ? answer.error : undefined;
}

/** Is a mark that an update takes away put back? */
async function holds(connection: KubeConnection, name: string): Promise<boolean> {
  const body = { metadata: { annotations: { [mark]: null } } };
  const options = { query: { dryRun: 'All' }, body, contentType: 'application/merge-patch+json' };
  const answer = await settle(
    connection.call<{ metadata: { annotations?: object } }>('PATCH', `${deployments}/${name}`, options),
  );
  return 'value' in answer && Object.hasOwn(answer.value.metadata.annotations ?? {}, mark);
}

async function refusesStyle(connection: KubeConnection, name: string): Promise<boolean> {
  const body = rollout(`${name}-style`, 'another', { 'rollouts.kruise.io/rolling-style': 'none' });
  const answer = await settle(connection.call('POST', rollouts, { query: { dryRun: 'All' }, body }));
  return 'error' in answer && answer.error.message.includes('Rolling style must be');
}

async function refusesSecond(connection: KubeConnection, name: string): Promise<boolean> {
  const answer = await settle(
    connection.call('POST', rollouts, { query: { dryRun: 'All' }, body: rollout(`${name}-2`, name) }),
  );
  return 'error' in answer && answer.error.message.includes('This rollout conflict with');
}

async function settle<T>(call: Promise<T>): Promise<{ readonly value: T } | { readonly error: Error }> {
  return call.then(
    (value) => ({ value }),
    (error: Error) => ({ error }),
  );
}

async function removeProbe(connection: KubeConnection, name: string): Promise<void> {
  // A worker that is up may have put its finalizer on it; nothing is to be finalised here.
  const release = { metadata: { finalizers: null } };
  await settle(
    connection.call('PATCH', `${rollouts}/${name}`, { body: release, contentType: 'application/merge-patch+json' }),
  );
  await settle(connection.call('DELETE', `${rollouts}/${name}`));
  await settle(connection.call('DELETE', `${deployments}/${name}`));
}
