/** The status of a Rollout object as OpenKruise's users and tools read it. */
import { finaliseOrder, finaliseSteps } from './finalise.ts';
import type { Presented } from './present.ts';
import { timestamp } from './present.ts';
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
  const steps = state.plan?.steps.length ?? 0;
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
    canaryStatus: canaryStatus(state, facts, shown, naturalNext(state.step, steps)),
  };
}

function canaryStatus(
  state: ReleaseState,
  facts: Facts,
  shown: Presented,
  next: number,
): Readonly<Record<string, unknown>> {
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
    nextStepIndex: next,
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

/** The status a release leaves behind; undefined when the Rollout itself is gone or reset. */
export function finalStatus(state: ReleaseState, facts: Facts, outcome: Outcome, now: number): WantedStatus {
  const cancelled = outcome === 'RolledBack' || outcome === 'Superseded';
  const message = cancelled ? 'Rollout progressing has been canceled' : 'Rollout progressing has been completed';
  const steps = state.plan?.steps.length ?? 0;
  const phase: Phase = outcome === 'Disabled' ? 'Disabled' : outcome === 'Deleted' ? 'Terminating' : 'Healthy';
  const conditions: WantedCondition[] = [
    { type: 'Progressing', status: 'False', reason: 'Completed', message },
    { type: 'Succeeded', status: cancelled ? 'False' : 'True', reason: '', message: '' },
  ];
  if (outcome === 'Deleted')
    conditions.push({
      type: 'Terminating',
      status: 'False',
      reason: 'Completed',
      message: 'Rollout is in terminating',
    });
  const ended: Presented = {
    phase,
    reason: 'Completed',
    stepState: 'Completed',
    message: outcome === 'Disabled' ? 'Rollout is disabled' : message,
    awaited: { kind: 'nothing', what: 'nothing', since: timestamp(now), next: 'nothing' },
  };
  return {
    observedGeneration: facts.generation,
    phase,
    message: ended.message,
    currentStepIndex: state.step,
    currentStepState: 'Completed',
    conditions,
    canaryStatus: {
      ...canaryStatus({ ...state, since: now }, facts, ended, naturalNext(state.step, steps)),
      finalisingStep: 'END',
    },
  };
}
