/**
 * Brings up one embedded stack for the whole run, installs Sluice in it, and says where it is. With KUBECONFIG and
 * TEMPORAL_ADDRESS set the tests run there; those that need a stack of their own bring one up all the same.
 */

import { install } from '../../deploy/install.ts';
import { find, up } from '../../dev/stack.ts';

/** Name of the run's own stack: a stack someone works on is left alone. */
export const stackName = process.env.SLUICE_TEST_STACK ?? 'test';

export default async function setup(): Promise<void> {
  const { KUBECONFIG, TEMPORAL_ADDRESS, SLUICE_STACK } = process.env;
  if (KUBECONFIG !== undefined && TEMPORAL_ADDRESS !== undefined && SLUICE_STACK === undefined) {
    await install({ kubeconfig: KUBECONFIG });
    process.env.SLUICE_TEST_KUBECONFIG = KUBECONFIG;
    process.env.SLUICE_TEST_DATAPLANE = 'on a cluster of your own no packets are measured';
    return;
  }
  process.env.SLUICE_STACK = stackName;
  const kept = process.env.SLUICE_TEST_KEEP === '1' ? find(stackName) : undefined;
  const dataPlane = process.env.SLUICE_TEST_PACKETS === '0' ? { dataPlane: false } : {};
  const stack = await up({ name: stackName, audit: true, fresh: kept === undefined, ...dataPlane });
  await install({ kubeconfig: stack.kubernetes.kubeconfigs.admin });
  process.env.SLUICE_TEST_KUBECONFIG = stack.kubernetes.kubeconfigs.admin;
  process.env.SLUICE_TEST_KUBECONFIG_WORKER = stack.kubernetes.kubeconfigs.worker;
  process.env.KUBECONFIG = stack.kubernetes.kubeconfigs.admin;
  process.env.TEMPORAL_ADDRESS = stack.temporal.address;
  process.env.TEMPORAL_NAMESPACE = stack.temporal.namespace;
  process.env.SLUICE_TEST_DATAPLANE = stack.dataPlane.available ? 'available' : stack.dataPlane.reason;
  if (!stack.dataPlane.available)
    process.stderr.write(`Tests of real packets are skipped. ${stack.dataPlane.reason}\n`);
}
