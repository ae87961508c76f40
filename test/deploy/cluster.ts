/** A namespace of the run's API server, and the ways to reach it, for one test file. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConnection } from '../../activities/kube/connection.ts';
import { find } from '../../dev/stack.ts';
import type { Loose } from '../spec/objects.ts';

export type Answer = { readonly code: number; readonly output: string };

export type Deployment = {
  metadata: { name: string; resourceVersion: string; annotations?: Record<string, string> };
  spec: {
    paused?: boolean;
    replicas: number;
    strategy: { type: string };
    template: { metadata: { labels: Record<string, string> }; spec: { containers: { image: string }[] } };
  };
};

export const mark = 'rollouts.kruise.io/in-progressing';
export const memo = 'sluice.dev/original-paused';

export class Cluster {
  readonly namespace: string;
  readonly admin = connection('SLUICE_TEST_KUBECONFIG');
  /** The user sluice-worker: our RBAC and nothing else. */
  readonly worker = connection('SLUICE_TEST_KUBECONFIG_WORKER');
  #sentinels = 0;

  constructor(name: string) {
    this.namespace = `${name}-${Date.now().toString(36)}`;
  }

  async open(): Promise<this> {
    await this.admin.call('POST', '/api/v1/namespaces', { body: { metadata: { name: this.namespace } } });
    return this;
  }

  async close(): Promise<void> {
    await this.admin.call('DELETE', `/api/v1/namespaces/${this.namespace}`);
    await Promise.all([this.admin.close(), this.worker.close()]);
  }

  deployments(name = ''): string {
    return `/apis/apps/v1/namespaces/${this.namespace}/deployments${name === '' ? '' : `/${name}`}`;
  }

  rollouts(name = '', version = 'v1beta1'): string {
    return `/apis/rollouts.kruise.io/${version}/namespaces/${this.namespace}/rollouts${name === '' ? '' : `/${name}`}`;
  }

  /** A Deployment of two pods. */
  manifest(name: string, image = 'owl:1', spec: Loose = {}): Loose {
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: this.namespace },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image }] } },
        ...spec,
      },
    };
  }

  async createDeployment(name: string, spec: Loose = {}): Promise<void> {
    await this.admin.call('POST', this.deployments(), { body: this.manifest(name, 'owl:1', spec) });
  }

  /**
   * Stores a Rollout of the Deployment `name`, spelled as `spec` says. It refers to a TrafficRouting, which no worker
   * of another test releases: admission is tested here, and nothing else should write.
   */
  async createRollout(name: string, spec: Loose = {}, version = 'v1beta1', metadata: Loose = {}): Promise<void> {
    const body = {
      apiVersion: `rollouts.kruise.io/${version}`,
      kind: 'Rollout',
      metadata: { name, ...metadata },
      spec: {
        workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        strategy: {
          canary: { enableExtraWorkloadForCanary: true, trafficRoutingRef: 'none', steps: [{ replicas: 1 }] },
        },
        ...spec,
      },
    };
    await this.admin.call('POST', this.rollouts('', version), { body });
  }

  async get(name: string): Promise<Deployment> {
    return this.admin.call('GET', this.deployments(name));
  }

  async patch(path: string, body: Loose, query: Record<string, string> = {}, by = this.admin): Promise<Loose> {
    return by.call('PATCH', path, { body, query, contentType: 'application/merge-patch+json' });
  }

  /** Runs kubectl as the administrator in the namespace; `input` is its standard input. */
  async kubectl(args: readonly string[], input: Loose | string = ''): Promise<Answer> {
    const binary = find(process.env.SLUICE_STACK ?? 'test')?.kubernetes.kubectl ?? 'kubectl';
    const all = ['--kubeconfig', process.env.SLUICE_TEST_KUBECONFIG ?? '', '-n', this.namespace, ...args];
    return new Promise((resolve) => {
      const child = execFile(binary, all, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : 1, output: stdout + stderr });
      });
      child.stdin?.end(typeof input === 'string' ? input : JSON.stringify(input));
    });
  }

  /**
   * Resolves when admission has seen every Rollout written before. The API server hears of them in order, so one more
   * that it has heard of proves the others.
   */
  async seen(): Promise<void> {
    const name = `sentinel-${this.#sentinels++}`;
    await this.createDeployment(name, { paused: true });
    await this.createRollout(name);
    await until(async () => {
      const change = { spec: { template: { metadata: { annotations: { tried: 'yes' } } } } };
      const answer = (await this.patch(this.deployments(name), change, { dryRun: 'All' })) as unknown as Deployment;
      return answer.metadata.annotations?.[mark] !== undefined;
    });
  }
}

/** Waits until `condition` holds; fails after ten seconds. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come to hold within 10 s');
    await sleep(20);
  }
}

/** The message with which a call is refused; the empty string when it is not. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => '',
    (error: Error) => error.message,
  );
}

function connection(variable: string): KubeConnection {
  const file = process.env[variable];
  if (file === undefined) throw new Error(`${variable} is not set: run the tests with the repository's jest.config.js`);
  return KubeConnection.fromFile(file);
}
