/** What the common options mean: which namespace, cluster and queue, and who is asking. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { type Env, systemUser } from './io.ts';

export type CommonOptions = {
  readonly namespace?: string;
  readonly cluster?: string;
  readonly taskQueue?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly color: boolean;
};

/** Where a name is looked for. */
export type Place = { readonly namespace: string; readonly name: string };

/** The object meant by `NAME`, `rollout/NAME` or `NAMESPACE/NAME` (which is how our messages write it). */
export async function placeOf(name: string, options: CommonOptions, env: Env): Promise<Place> {
  const match = /^([^/]+)\/([^/]+)$/.exec(name);
  if (match === null) return { namespace: await namespaceOf(options, env), name };
  const [, prefix = '', rest = ''] = match;
  if (/^rollouts?(\.rollouts\.kruise\.io)?$/.test(prefix))
    return { namespace: await namespaceOf(options, env), name: rest };
  return { namespace: prefix, name: rest };
}

/** --namespace, else the one of the kube context in use, else the pod's own, else `default`. */
export async function namespaceOf(options: CommonOptions, env: Env): Promise<string> {
  if (options.namespace !== undefined) return options.namespace;
  const files = options.kubeconfig ?? env.KUBECONFIG ?? join(env.HOME ?? homedir(), '.kube', 'config');
  return (await contextNamespace(files.split(delimiter), options.context)) ?? (await podNamespace()) ?? 'default';
}

type KubeConfig = {
  readonly 'current-context'?: string;
  readonly contexts?: readonly { readonly name?: string; readonly context?: { readonly namespace?: string } }[];
};

// Reading the file takes 20 ms less than `kubectl config view`, and works without kubectl.
async function contextNamespace(files: readonly string[], wanted: string | undefined): Promise<string | undefined> {
  const configs: KubeConfig[] = [];
  for (const file of files) {
    try {
      const text = await readFile(file, 'utf8');
      const { parse } = await import('yaml');
      configs.push((parse(text) ?? {}) as KubeConfig);
    } catch {
      // No file, or not a kubeconfig: kubectl will say so where it matters.
    }
  }
  const current = wanted ?? configs.find((config) => config['current-context'])?.['current-context'];
  const contexts = configs.flatMap((config) => config.contexts ?? []);
  return contexts.find((context) => context.name === current)?.context?.namespace || undefined;
}

async function podNamespace(): Promise<string | undefined> {
  try {
    return (await readFile('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8')).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** --by, else $SLUICE_USER, else git's user.email, else user@host. Shown beside each decision for ever. */
export async function deciderOf(by: string | undefined, env: Env): Promise<string> {
  const given = by ?? env.SLUICE_USER;
  if (given !== undefined && given.trim() !== '') return given.trim();
  try {
    const { stdout } = await promisify(execFile)('git', ['config', 'user.email'], { timeout: 2000 });
    if (stdout.trim() !== '') return stdout.trim();
  } catch {
    // No git, or no address set.
  }
  return systemUser(env);
}
