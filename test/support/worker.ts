/** A worker as its operator runs it: a process, with its own task queue, for one namespace. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from './wait.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type WorkerProcess = {
  readonly child: ChildProcess;
  readonly health: string;
  /** What it has written so far. */
  readonly output: () => string;
  /** Ends it with SIGTERM and waits for its end; the exit code. */
  readonly stop: () => Promise<number | null>;
  /** Ends it with SIGKILL and waits for its end. */
  readonly kill: () => Promise<void>;
};

export type WorkerSettings = {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly cluster?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Started instead of the `sluice` command, with the same flags: a worker that dies on purpose, say. */
  readonly entry?: string;
};

/** Starts a worker and resolves when it is ready. */
export async function startWorker(settings: WorkerSettings): Promise<WorkerProcess> {
  const kubeconfig = process.env.SLUICE_TEST_KUBECONFIG_WORKER;
  const args = [
    settings.entry ?? `${root}bin/sluice.js`,
    'worker',
    '--task-queue',
    settings.taskQueue,
    '--cluster',
    settings.cluster ?? 'test',
    '--watch-namespace',
    settings.namespace,
    '--health-address',
    '127.0.0.1:0',
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
  ];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...settings.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  const exit = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const health = await eventually(
    'the worker to be ready',
    async () => {
      const end = child.exitCode ?? child.signalCode;
      if (end !== null) throw new Error(`the worker ended with ${end}`);
      const url = /health (http:\S+)/.exec(output)?.[1];
      if (url === undefined) return undefined;
      const answer = await fetch(`${url}/readyz`);
      return answer.ok ? url : undefined;
    },
    { deadline: 60_000, seen: () => output.slice(-4000) },
  ).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    child,
    health,
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      return exit;
    },
    async kill() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}
