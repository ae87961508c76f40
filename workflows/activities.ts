/** The activities a release calls, with their time limits and retries in one place. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';

/** The API server may be down for as long as it likes: what can succeed is tried until it does. */
const retry = { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' } as const;

/** Writes something and watches until it is there: hours, if need be. A dead worker is noticed by its heartbeats. */
export const { upgradePods, shiftTraffic, finishOlder, finalise } = proxyActivities<
  Pick<Activities, 'upgradePods' | 'shiftTraffic' | 'finishOlder' | 'finalise'>
>({
  startToCloseTimeout: '7 days',
  heartbeatTimeout: '6 seconds',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry,
});

export const { hold } = proxyActivities<Pick<Activities, 'hold'>>({ startToCloseTimeout: '30 seconds', retry });

/** Short reads and projections: ten times cheaper than a scheduled activity, shown in the history as markers. */
export const { look, project, wake, setPaused } = proxyLocalActivities<
  Pick<Activities, 'look' | 'project' | 'wake' | 'setPaused'>
>({
  startToCloseTimeout: '20 seconds',
  localRetryThreshold: '5 seconds',
  retry,
});
