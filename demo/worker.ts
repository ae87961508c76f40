/** The demo's worker: a process of its own, so that it can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Place } from './place.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

export type DemoWorker = {
  readonly child: ChildProcess;
  readonly end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
};

/** Starts `sluice worker` and resolves when it says that it is ready. */
export async function startWorker({ workerKubeconfig, temporal }: Place): Promise<DemoWorker> {
  const child = spawn(
    process.execPath,
    [`${root}bin/sluice.js`, 'worker', '--kubeconfig', workerKubeconfig, '--health-address', '127.0.0.1:0'],
    {
      cwd: root,
      env: { ...process.env, TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the worker is not ready after 60 s; it said: ${said}`)), 60_000);
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-4000);
      if (!said.includes('worker ready')) return;
      clearTimeout(late);
      resolve();
    });
    void exit.then(() => {
      clearTimeout(late);
      reject(new Error(`the worker ended at once; it said: ${said}`));
    });
  });
  return {
    child,
    async end(signal) {
      child.kill(signal);
      await exit;
    },
  };
}
