import { down } from '../../dev/stack.ts';
import { stackName } from './global-setup.ts';

/** Ends the run's stack; `SLUICE_TEST_KEEP=1` leaves it for the next run, which then starts faster. */
export default async function teardown(): Promise<void> {
  if (process.env.SLUICE_STACK === stackName && process.env.SLUICE_TEST_KEEP !== '1') await down({ name: stackName });
}
