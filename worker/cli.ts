/** `sluice worker`. */
import { hostname } from 'node:os';
import type { Command } from 'commander';

type Flags = {
  kubeconfig?: string;
  watchNamespace?: string;
  healthAddress: string;
  versioning: 'pinned' | 'auto' | 'off';
  probe?: boolean;
};

export function registerWorkerCommand(program: Command): void {
  program
    .command('worker')
    .description('run a worker: carries out releases, follows the cluster, serves health and metrics')
    .option('--kubeconfig <file>', 'cluster to work on (default: KUBECONFIG, ~/.kube/config, or the service account)')
    .option('--watch-namespace <name>', 'serve the Rollouts of this namespace only (default: all)')
    .option('--health-address <host:port>', 'where /healthz, /readyz and /metrics are served', '127.0.0.1:9090')
    .option(
      '--versioning <mode>',
      'auto: releases move to the newest build; pinned: each finishes on its own; off',
      'auto',
    )
    .option('--probe', 'ask the worker that runs at --health-address whether it is ready, and exit 0 or 1')
    .action(async (flags: Flags, command: Command) => {
      if (flags.probe === true) {
        const { probe } = await import('./probe.ts');
        const trouble = await probe(flags.healthAddress);
        if (trouble !== undefined) throw new Error(trouble);
        return;
      }
      const { cluster = 'default', taskQueue = 'sluice' } = command.optsWithGlobals() as {
        cluster?: string;
        taskQueue?: string;
      };
      const { runWorker } = await import('./main.ts');
      await runWorker({ ...flags, cluster, taskQueue, identity: `sluice@${hostname()}` });
    });
}
