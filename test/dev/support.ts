import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KubeApi } from '../../dev/cluster/api.ts';
import { networkNamespaceOf } from '../../dev/procfs.ts';
import { onPath } from '../../dev/servers/obtain.ts';
import type { Stack } from '../../dev/stack.ts';
import { waitUntil } from '../../dev/wait.ts';

/** What a finished command left. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `sluice dev …` in a process of its own; `onStart` gets its pid. */
export function sluiceDev(
  args: readonly string[],
  { env = {}, onStart }: { env?: Record<string, string>; onStart?: (pid: number) => void } = {},
): Promise<Finished> {
  const main = fileURLToPath(new URL('../../dev/main.ts', import.meta.url));
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, 'dev', ...args], { env: { ...process.env, ...env } });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    onStart?.(child.pid as number);
  });
}

/** A new folder in `scratch` with the programs that `up` calls, and without Go: a PATH for a machine that has none. */
export function pathWithoutGo(scratch: string): string {
  const folder = mkdtempSync(join(scratch, 'path-'));
  for (const program of ['sh', 'unshare', 'nsenter', 'ip', 'kubectl', 'python3']) {
    const found = onPath(program);
    if (found !== undefined) symlinkSync(found, join(folder, program));
  }
  return folder;
}

/** The same with a program `go` that does what the shell lines say. */
export function fakeGo(scratch: string, ...lines: string[]): string {
  const folder = pathWithoutGo(scratch);
  writeFileSync(join(folder, 'go'), `#!/bin/sh\n${lines.join('\n')}\n`);
  chmodSync(join(folder, 'go'), 0o755);
  return folder;
}

/** Pids of all processes, other than ours, that mention the folder in their command line or environment. */
export function mentioning(folder: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((entry) => {
      try {
        return ['cmdline', 'environ'].some((file) => readFileSync(`/proc/${entry}/${file}`, 'utf8').includes(folder));
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Whether any process lives in this network namespace. */
export function isNamespaceInUse(namespace: string): boolean {
  return readdirSync('/proc').some((entry) => /^\d+$/.test(entry) && networkNamespaceOf(Number(entry)) === namespace);
}

/** An API connection as admin, open for as long as `work` takes. */
export async function withApi<T>({ kubernetes }: Stack, work: (api: KubeApi) => Promise<T>): Promise<T> {
  const api = new KubeApi({ server: kubernetes.server, caFile: kubernetes.caFile, token: kubernetes.tokens.admin });
  try {
    return await work(api);
  } finally {
    api.close();
  }
}

/** Makes a Deployment (and a Service of the same name) and waits until all its pods are available. */
export async function deploy(stack: Stack, name: string, image: string, replicas: number): Promise<void> {
  const path = `/apis/apps/v1/namespaces/default/deployments/${name}`;
  const containers = [{ name: 'main', image, ports: [{ containerPort: 8080 }] }];
  await withApi(stack, async (api) => {
    await api.apply(`/api/v1/namespaces/default/services/${name}`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    });
    await api.apply(path, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers } },
      },
    });
    await waitUntil(
      `${replicas} pods of ${name}`,
      async () => {
        const { metadata, status } = await api.get(path);
        const done = status.observedGeneration === metadata.generation && status.availableReplicas === replicas;
        return done ? undefined : `${status.availableReplicas ?? 0} available`;
      },
      { deadlineMs: 30_000, everyMs: 5 },
    );
  });
}
