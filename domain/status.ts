/** The status of a Rollout object as OpenKruise's users and tools read it. */
import { finaliseOrder, finaliseSteps } from './finalise.ts';
import type { Presented } from './present.ts';
import { timestamp } from './present.ts';
import { workloadNotFound } from './problems.ts';
import type { Facts, ReleaseState } from './release.ts';
import type { Outcome, Phase } from './view.ts';

export type WantedCondition = {
  readonly type: 'Progressing' | 'Succeeded' | 'Terminating';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
};

/** What is written to `.status`; times of conditions are the writer's, who knows when they last changed. */
export type WantedStatus = {
  readonly observedGeneration: number;
  readonly phase: Phase;
  readonly message: string;
  readonly currentStepIndex: number;
  readonly currentStepState: string;
  readonly conditions: readonly WantedCondition[];
  readonly canaryStatus: Readonly<Record<string, unknown>> | null;
};

/** The index a release goes to next by itself: the following step, or -1 after the last. */
export function naturalNext(step: number, steps: number): number {
  return step < steps ? step + 1 : -1;
}

/** The status of a release under way. */
export function statusOf(state: ReleaseState, facts: Facts, shown: Presented): WantedStatus {
  const conditions: WantedCondition[] = [
    { type: 'Progressing', status: 'True', reason: shown.reason, message: shown.message },
  ];
  if (shown.phase === 'Terminating')
    conditions.push({
      type: 'Terminating',
      status: 'True',
      reason: 'InTerminating',
      message: 'Rollout is in terminating',
    });
  return {
    observedGeneration: facts.generation,
    phase: shown.phase,
    message: shown.message,
    currentStepIndex: state.step,
    currentStepState: shown.stepState,
    conditions,
    canaryStatus: canaryStatus(state, facts, shown),
  };
}

function canaryStatus(state: ReleaseState, facts: Facts, shown: Presented): Readonly<Record<string, unknown>> {
  return {
    observedWorkloadGeneration: facts.workload?.generation ?? 0,
    observedRolloutID: rolloutId(state, facts),
    rolloutHash: state.plan?.hash ?? '',
    stableRevision: state.stable?.podTemplateHash ?? '',
    canaryRevision: state.revision,
    podTemplateHash: state.podTemplateHash,
    canaryReplicas: facts.canary?.updated ?? 0,
    canaryReadyReplicas: facts.canary?.ready ?? 0,
    currentStepIndex: state.step,
    nextStepIndex: naturalNext(state.step, state.plan?.steps.length ?? 0),
    currentStepState: shown.stepState,
    finalisingStep: finalisingStep(state),
    message: shown.awaited.kind === 'nothing' ? '' : `waiting for ${shown.awaited.what}`,
    lastUpdateTime: timestamp(state.since),
  };
}

function rolloutId(state: ReleaseState, facts: Facts): string {
  const id = facts.workload?.rolloutId ?? '';
  const plain = id === '' ? state.revision : id;
  return state.finalise?.reason === 'Rollback' ? `rollback-${plain}` : plain;
}

function finalisingStep(state: ReleaseState): string {
  if (state.finalise === undefined) return '';
  const step = finaliseOrder(state.finalise.reason)[state.finalise.next];
  return step === undefined ? 'END' : finaliseSteps[step].kruise;
}

/** The phase a Rollout is in when its release has ended. */
export function finalPhase(state: ReleaseState, { switches }: Pick<Facts, 'switches'>, outcome: Outcome): Phase {
  if (switches.deleting || state.finalise?.reason === 'Deleted') return 'Terminating';
  if (switches.disabled || outcome === 'Disabled') return 'Disabled';
  return state.finalise?.reason === 'WorkloadGone' ? 'Initial' : 'Healthy';
}

/** The status a release leaves behind. Without its workload a Rollout is as if it had never released anything. */
export function finalStatus(state: ReleaseState, facts: Facts, outcome: Outcome, now: number): WantedStatus {
  const phase = finalPhase(state, facts, outcome);
  const base = { observedGeneration: facts.generation, phase };
  if (phase === 'Initial')
    return {
      ...base,
      message: workloadNotFound(state.plan?.workload),
      currentStepIndex: 0,
      currentStepState: '',
      conditions: [],
      canaryStatus: null,
    };
  const cancelled = outcome === 'RolledBack';
  const ended = cancelled ? 'Rollout progressing has been canceled' : 'Rollout progressing has been completed';
  const message = phase === 'Disabled' ? 'Rollout is disabled' : ended;
  const conditions: WantedCondition[] = [{ type: 'Progressing', status: 'False', reason: 'Completed', message: ended }];
  if (cancelled || outcome === 'Completed')
    conditions.push({ type: 'Succeeded', status: cancelled ? 'False' : 'True', reason: '', message: '' });
  if (phase === 'Terminating')
    conditions.push({
      type: 'Terminating',
      status: 'False',
      reason: 'Completed',
      message: 'Rollout is in terminating',
    });
  const shown: Presented = {
    phase,
    reason: 'Completed',
    stepState: 'Completed',
    message,
    awaited: { kind: 'nothing', what: 'nothing', since: timestamp(now), next: 'nothing' },
  };
  return {
    ...base,
    message,
    currentStepIndex: state.step,
    currentStepState: 'Completed',
    conditions,
    // Its canary pods are gone, whether or not that was looked at again.
    canaryStatus: {
      ...canaryStatus({ ...state, since: now }, facts, shown),
      canaryReplicas: 0,
      canaryReadyReplicas: 0,
      finalisingStep: 'END',
    },
  };
}
