/** In which order a release is taken down, and why that order loses no request. */
import type { FinaliseReason, FinaliseStep } from './release.ts';
import type { Outcome } from './view.ts';

/**
 * Forward: the stable Service is widened to both versions first, then the routes go back to it, so requests are spread
 * over every ready pod while the native rolling update finishes; the canary pods go last, when the workload carries all.
 * Backward: the routes leave the new version first, and its pods go only when the stable ones are whole; the Service's
 * pin goes after them, so that it never selects a bad pod.
 */
const orders: Readonly<Record<FinaliseReason, readonly FinaliseStep[]>> = {
  Success: ['restoreStableService', 'routeToStable', 'removeCanaryService', 'resumeWorkload', 'releaseWorkload'],
  Disabled: ['restoreStableService', 'routeToStable', 'removeCanaryService', 'resumeWorkload', 'releaseWorkload'],
  Deleted: ['restoreStableService', 'routeToStable', 'removeCanaryService', 'resumeWorkload', 'releaseWorkload'],
  Rollback: [
    'routeToStable',
    'putBack',
    'resumeWorkload',
    'releaseWorkload',
    'restoreStableService',
    'removeCanaryService',
  ],
  // The stable Service stays pinned: the next version's pods must get nothing before their step.
  Supersede: ['routeToStable', 'releaseWorkload', 'removeCanaryService'],
  Abort: ['routeToStable', 'releaseWorkload', 'restoreStableService', 'removeCanaryService'],
  WorkloadGone: ['routeToStable', 'releaseWorkload', 'restoreStableService', 'removeCanaryService'],
};

const outcomes: Readonly<Record<FinaliseReason, Outcome>> = {
  Success: 'Completed',
  Disabled: 'Disabled',
  Deleted: 'Deleted',
  Rollback: 'RolledBack',
  Supersede: 'Superseded',
  Abort: 'RolledBack',
  WorkloadGone: 'Deleted',
};

export function finaliseOrder(reason: FinaliseReason): readonly FinaliseStep[] {
  return orders[reason];
}

export function outcomeOf(reason: FinaliseReason): Outcome {
  return outcomes[reason];
}

/** Does ending for this reason carry the new version to every pod? */
export function promotes(reason: FinaliseReason): boolean {
  return reason === 'Success' || reason === 'Disabled' || reason === 'Deleted';
}

/** What each step does, for people; `kruise` is the value OpenKruise's status shows for it. */
export const finaliseSteps: Readonly<Record<FinaliseStep, { readonly says: string; readonly kruise: string }>> = {
  restoreStableService: { says: 'the stable Service gets its own selector back', kruise: 'RestoreStableService' },
  routeToStable: { says: 'the routes go back to the stable Service', kruise: 'FinalisingStepRouteTrafficToStable' },
  removeCanaryService: { says: 'the canary Service is removed', kruise: 'RemoveCanaryService' },
  putBack: { says: 'the stable version is put back into the workload', kruise: 'ResumeWorkload' },
  resumeWorkload: { says: 'the workload rolls by itself', kruise: 'ResumeWorkload' },
  releaseWorkload: { says: 'the canary pods are removed', kruise: 'ReleaseWorkloadControl' },
};
