import type { Command } from 'commander';

/**
 * Adds `sluice install` and `sluice uninstall`. What they need is loaded when they run. They throw `InstallError`,
 * whose message is one sentence for the user; the caller prints it and sets the exit code.
 */
export function registerInstallCommands(program: Command): void {
  program
    .command('install')
    .description('install CRD, admission policies and RBAC in the cluster, and wait until they are served')
    .option('--dry-run', 'print the manifests as YAML and change nothing')
    .option('--force', 'take over the CRD of an installation of OpenKruise Rollouts')
    .option('--kubeconfig <file>', 'kubeconfig to use')
    .action(async (options: { dryRun?: boolean; force?: boolean; kubeconfig?: string }) => {
      const { install } = await import('./install.ts');
      await install(options);
    });
  program
    .command('uninstall')
    .description('remove what install made, and every Rollout with it')
    .option('--force', 'also while a release is under way; its Deployment stays paused')
    .option('--kubeconfig <file>', 'kubeconfig to use')
    .action(async (options: { force?: boolean; kubeconfig?: string }) => {
      const { uninstall } = await import('./uninstall.ts');
      await uninstall(options);
    });
}
