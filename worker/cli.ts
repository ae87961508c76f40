/** `sluice worker`. */
import { hostname } from 'node:os';
import type { Command } from 'commander';

type Flags = { kubeconfig?: string; healthAddress: string; versioning: 'pinned' | 'auto' | 'off' };

export function registerWorkerCommand(program: Command): void {
  program
    .command('worker')
    .description('run a worker: carries out releases, follows the cluster, serves health and metrics')
    .option('--kubeconfig FILE', 'cluster to work on (default: KUBECONFIG, ~/.kube/config, or the service account)')
    .option('--health-address HOST:PORT', 'where /healthz, /readyz and /metrics are served', '127.0.0.1:9090')
    .option('--versioning MODE', 'pinned: a release finishes on the build it began on; auto; off', 'pinned')
    .action(async (flags: Flags, command: Command) => {
      const { cluster = 'default', taskQueue = 'sluice' } = command.optsWithGlobals() as { cluster?: string; taskQueue?: string };
      const { runWorker } = await import('./main.ts');
      await runWorker({ ...flags, cluster, taskQueue, identity: `sluice@${hostname()}` });
    });
}
