/** Reading the cluster by running kubectl: importing the Kubernetes client would cost every command more than a second. */
import { execFile } from 'node:child_process';
import type { Plan } from '../../domain/plan.ts';
import {
  type ClusterObjects,
  type HttpRoute,
  type Ingress,
  nothing,
  type Pod,
  type Rollout,
  type Service,
  selectorText,
  type Workload,
} from './tree/objects.ts';

/** What kubectl answered. `code` is -1 when there is no kubectl. */
export type KubectlAnswer = { readonly code: number; readonly stdout: string; readonly stderr: string };
export type Kubectl = (args: readonly string[]) => Promise<KubectlAnswer>;

/** A kubectl for one context. */
export function kubectl(options: {
  path?: string;
  context?: string | undefined;
  kubeconfig?: string | undefined;
}): Kubectl {
  const { path = 'kubectl', context, kubeconfig } = options;
  const fixed = [
    ...(context ? ['--context', context] : []),
    ...(kubeconfig ? ['--kubeconfig', kubeconfig] : []),
    '--request-timeout=5s',
  ];
  return (args) =>
    new Promise((resolve) => {
      execFile(path, [...args, ...fixed], { maxBuffer: 64 * 2 ** 20, timeout: 10_000 }, (error, stdout, stderr) => {
        const missing = (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';
        const code = error === null ? 0 : missing ? -1 : Number(error.code) || 1;
        resolve({ code, stdout, stderr });
      });
    });
}

const groups: Record<string, string> = {
  ingress: 'ingresses.networking.k8s.io',
  route: 'httproutes.gateway.networking.k8s.io',
};

/** Marks the Deployments that a canary-style release makes beside the user's. */
const canaryLabel = 'rollouts.kruise.io/canary-deployment';

/** Which objects belong to a release. */
export type Wanted = {
  readonly namespace: string;
  readonly name: string;
  /** Undefined when the plan is not known (no release, no readable Rollout): then only the Rollout is read. */
  readonly plan?: Pick<Plan, 'workload' | 'routings' | 'style'> | undefined;
};

/** The Rollout object, if the cluster has it. */
export async function readRolloutObject(
  run: Kubectl,
  { namespace, name }: Wanted,
): Promise<{ rollout?: Rollout; problems: string[] }> {
  const { items, problems } = await get<Rollout>(run, namespace, [`rollouts.rollouts.kruise.io/${name}`]);
  // A cluster without our CRDs is no problem: releases can be started by a client alone.
  const rest = problems.filter((problem) => !/doesn't have a resource type/.test(problem));
  return { ...(items[0] && { rollout: items[0] }), problems: rest };
}

/** Everything else that belongs to the release: two rounds of kubectl, since pods are found by the workload's selector. */
export async function readObjects(run: Kubectl, wanted: Wanted): Promise<Omit<ClusterObjects, 'rollout'>> {
  const { namespace, plan } = wanted;
  if (plan === undefined) return nothing;
  const { workload, routings, style } = plan;
  const [group = ''] = workload.apiVersion.includes('/') ? workload.apiVersion.split('/') : [''];
  const resource = `${workload.kind.toLowerCase()}${group === '' ? '' : `.${group}`}`;
  const names = [
    `${resource}/${workload.name}`,
    ...withCanary(routings.map(({ service }) => `service/${service}`)),
    ...withCanary(routings.flatMap(({ ingress }) => (ingress ? [`${groups.ingress}/${ingress.name}`] : []))),
  ];
  const routeNames = routings.flatMap(({ gateway }) => (gateway ? [`${groups.route}/${gateway.httpRouteName}`] : []));
  const none = { items: [], problems: [] };
  const [first, canaries, routes] = await Promise.all([
    get<Workload>(run, namespace, names),
    style !== 'canary'
      ? none
      : get<Workload>(run, namespace, ['deployments.apps', '-l', `${canaryLabel}=${workload.name}`]),
    routeNames.length === 0 ? none : get<HttpRoute>(run, namespace, routeNames),
  ]);
  const kind = <T>(name: string) => first.items.filter((item) => item.kind === name) as unknown as T[];
  const main = first.items.find((item) => item.kind === workload.kind && item.metadata.name === workload.name);
  const selector = selectorText(main?.spec?.selector);
  const second =
    selector === undefined ? none : await get<Workload>(run, namespace, ['replicasets.apps,pods', '-l', selector]);
  return {
    ...(main && { workload: main }),
    canaries: canaries.items,
    replicaSets: second.items.filter((item) => item.kind === 'ReplicaSet'),
    pods: second.items.filter((item) => item.kind === 'Pod') as unknown as Pod[],
    services: kind<Service>('Service'),
    ingresses: kind<Ingress>('Ingress'),
    routes: routes.items,
    problems: [...new Set([...first.problems, ...canaries.problems, ...routes.problems, ...second.problems])],
  };
}

function withCanary(names: readonly string[]): string[] {
  return names.flatMap((name) => [name, `${name}-canary`]);
}

async function get<T>(
  run: Kubectl,
  namespace: string,
  what: readonly string[],
): Promise<{ items: T[]; problems: string[] }> {
  const { code, stdout, stderr } = await run(['get', ...what, '-n', namespace, '-o', 'json', '--ignore-not-found']);
  if (code === -1) return { items: [], problems: ['there is no kubectl here'] };
  const problems = code === 0 ? [] : problemsOf(stderr);
  try {
    const read = stdout.trim() === '' ? [] : (JSON.parse(stdout) as T | { kind: 'List'; items: T[] });
    return { items: Array.isArray(read) ? [] : isList<T>(read) ? read.items : [read as T], problems };
  } catch {
    return { items: [], problems: [...problems, 'kubectl printed something else than JSON'] };
  }
}

function isList<T>(read: unknown): read is { items: T[] } {
  return (read as { kind?: string }).kind === 'List' && Array.isArray((read as { items?: unknown }).items);
}

/** kubectl's complaints, without the chatter of its client library, and each once. */
function problemsOf(stderr: string): string[] {
  const lines = stderr.split('\n').map((line) => line.replace(/^(Error from server \(\w+\)|error): /, '').trim());
  const telling = lines.filter((line) => line !== '' && !/^[EWI]\d{4} /.test(line));
  return [...new Set(telling.length > 0 ? telling : ['kubectl failed'])].slice(0, 3);
}
