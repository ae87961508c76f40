/** Which build carries a release: with worker versioning, a release stays with the build it began on. */
import type { Connection } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';

/**
 * `pinned`: a release finishes on the build it began on; keep the old worker until its releases have drained.
 * `auto`: a release moves to the newest build at its next task; builds must replay each other's histories.
 * `off`: no versioning, for servers that do not know it.
 */
export type Versioning = 'pinned' | 'auto' | 'off';

export const deploymentName = 'sluice';

export function versioningOptions(versioning: Versioning, buildId: string): Partial<WorkerOptions> {
  if (versioning === 'off') return {};
  return {
    workerDeploymentOptions: {
      version: { deploymentName, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: versioning === 'pinned' ? 'PINNED' : 'AUTO_UPGRADE',
    },
  };
}

/**
 * Makes this build the one that new releases start on. The server knows a build only once its worker has polled, so this
 * goes on in the background until it has succeeded.
 */
export async function promote(
  connection: Connection,
  { versioning, temporalNamespace }: { versioning: Versioning; temporalNamespace: string },
  buildId: string,
  log: (line: string) => void,
): Promise<void> {
  if (versioning === 'off') return;
  const attempt = async (tries: number): Promise<void> => {
    try {
      await connection.workflowService.setWorkerDeploymentCurrentVersion({
        namespace: temporalNamespace,
        deploymentName,
        buildId,
        ignoreMissingTaskQueues: true,
        identity: 'sluice',
      });
      log(`new releases start on build ${buildId}`);
    } catch (error) {
      if (tries === 50)
        log(`build ${buildId} could not be made current yet: ${(error as Error).message}; still trying`);
      setTimeout(() => void attempt(tries + 1), Math.min(5_000, 50 * (tries + 1))).unref();
    }
  };
  void attempt(0);
}
