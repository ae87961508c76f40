/** The status of a Rollout that has no release under way: a pure view of what is there. */

import type { Workload } from '../activities/workloads/deployment.ts';
import type { Plan, Switches } from '../domain/plan.ts';
import { type Problem, workloadNotFound } from '../domain/problems.ts';
import type { WantedStatus } from '../domain/status.ts';

export type Idle = {
  readonly generation: number;
  readonly switches: Switches;
  readonly problems: readonly Problem[];
  readonly plan?: Plan;
  readonly workload?: Workload;
  /** The status as it stands. */
  readonly status: Readonly<Record<string, unknown>>;
};

export type IdleStatus = Omit<WantedStatus, 'conditions' | 'currentStepIndex' | 'currentStepState' | 'canaryStatus'> &
  Partial<Pick<WantedStatus, 'currentStepIndex' | 'currentStepState' | 'canaryStatus'>>;

/** Phases and messages of OpenKruise (behaviour, section 2.2), with what is wrong named where it is known. */
export function idleStatus(idle: Idle): IdleStatus {
  const base = { observedGeneration: idle.generation };
  if (idle.switches.disabled) return { ...base, phase: 'Disabled', message: 'Rollout is disabled' };
  if (idle.problems.length > 0)
    return { ...base, phase: 'Initial', message: idle.problems.map(({ message }) => message).join('; ') };
  if (idle.workload === undefined || idle.plan === undefined)
    return { ...base, phase: 'Initial', message: workloadNotFound(idle.plan?.workload), canaryStatus: null };
  if (idle.status.canaryStatus === undefined || idle.status.canaryStatus === null)
    return { ...base, ...neverReleased(idle) };
  const told = idle.status.phase === 'Healthy' && typeof idle.status.message === 'string' ? idle.status.message : '';
  return { ...base, phase: 'Healthy', message: told === '' ? 'rollout is healthy' : told };
}

/** A workload that no release has touched yet counts as completed, as OpenKruise shows it. */
function neverReleased({ plan, workload }: Idle): Omit<IdleStatus, 'observedGeneration'> {
  const steps = plan?.steps.length ?? 0;
  const hash = workload?.current?.podTemplateHash ?? '';
  return {
    phase: 'Healthy',
    message: 'workload deployment is completed',
    currentStepIndex: steps,
    currentStepState: 'Completed',
    canaryStatus: {
      observedWorkloadGeneration: workload?.generation ?? 0,
      observedRolloutID: workload?.rolloutId === '' ? (workload?.revision ?? '') : (workload?.rolloutId ?? ''),
      rolloutHash: plan?.hash ?? '',
      stableRevision: hash,
      canaryRevision: workload?.revision ?? '',
      podTemplateHash: hash,
      canaryReplicas: 0,
      canaryReadyReplicas: 0,
      currentStepIndex: steps,
      nextStepIndex: -1,
      currentStepState: 'Completed',
      finalisingStep: '',
      message: '',
    },
  };
}
