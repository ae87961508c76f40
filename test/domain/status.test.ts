import { describe, expect, it } from '@jest/globals';
import { decide } from '../../domain/decide.ts';
import { present } from '../../domain/present.ts';
import type { Facts, ReleaseState } from '../../domain/release.ts';
import { finalStatus, naturalNext, statusOf } from '../../domain/status.ts';
import { begun, facts, now, pausedAt, withWorkload } from './model/states.ts';

function shown(state: ReleaseState, seen: Facts = facts) {
  const decided = decide(state, seen, now);
  return statusOf(decided.state, seen, present(decided.state, seen, decided.action));
}

const switched = (change: Partial<Facts['switches']>): Facts => ({
  ...facts,
  switches: { ...facts.switches, ...change },
});
const canary = { name: 'echo-v2', desired: 4, updated: 4, ready: 3 };
const ended = (reason: 'Success' | 'Rollback' | 'Deleted' | 'Disabled' | 'WorkloadGone') =>
  pausedAt(4, { stage: 'Finalising', stepState: 'Completed', finalise: { reason, next: 5 } });

describe('the status of a release under way', () => {
  it('has what OpenKruise users and tools read', () => {
    expect(shown(pausedAt(2), { ...facts, canary })).toEqual({
      observedGeneration: 3,
      phase: 'Progressing',
      message: 'Rollout is in step(2/4), and wait duration(60 seconds) to enter the next step',
      currentStepIndex: 2,
      currentStepState: 'StepPaused',
      conditions: [
        {
          type: 'Progressing',
          status: 'True',
          reason: 'InRolling',
          message: 'Rollout is in step(2/4), and wait duration(60 seconds) to enter the next step',
        },
      ],
      canaryStatus: {
        observedWorkloadGeneration: 7,
        observedRolloutID: 'v2',
        rolloutHash: facts.plan?.hash,
        stableRevision: 'v1',
        canaryRevision: 'v2',
        podTemplateHash: 'v2',
        canaryReplicas: 4,
        canaryReadyReplicas: 3,
        currentStepIndex: 2,
        nextStepIndex: 3,
        currentStepState: 'StepPaused',
        finalisingStep: '',
        message: 'waiting for the pause of step 2',
        lastUpdateTime: '2025-01-01T00:00:00Z',
      },
    });
  });

  it('has every field that the schema requires, before anything is known too', () => {
    const required = [
      'podTemplateHash',
      'nextStepIndex',
      'finalisingStep',
      'currentStepState',
      'canaryReplicas',
      'canaryReadyReplicas',
    ];
    for (const status of [shown(begun(), withWorkload(undefined)), shown(begun()), shown(ended('Success'))])
      for (const field of required) expect(status.canaryStatus).toHaveProperty(field);
  });

  it('names the next step, and -1 after the last', () => {
    expect([1, 2, 3, 4].map((step) => shown(pausedAt(step)).canaryStatus?.nextStepIndex)).toEqual([2, 3, 4, -1]);
    expect(naturalNext(1, 1)).toBe(-1);
  });

  it('goes by the rollout ID that the user set, and marks a rollback', () => {
    const labelled = withWorkload({ rolloutId: '2025-01' });
    expect(shown(pausedAt(1), labelled).canaryStatus?.observedRolloutID).toBe('2025-01');
    const back = withWorkload({ rolloutId: '2025-01', revision: 'v1' });
    expect(shown(pausedAt(1), back).canaryStatus?.observedRolloutID).toBe('rollback-2025-01');
  });

  it('names the step of an end', () => {
    const back = withWorkload({ revision: 'v1' });
    expect(shown(pausedAt(1), back).canaryStatus?.finalisingStep).toBe('FinalisingStepRouteTrafficToStable');
    expect(shown(pausedAt(4, { approved: 4 })).canaryStatus?.finalisingStep).toBe('RestoreStableService');
  });

  it('says that it is terminating', () => {
    expect(shown(pausedAt(1), switched({ deleting: true })).conditions).toContainEqual({
      type: 'Terminating',
      status: 'True',
      reason: 'InTerminating',
      message: 'Rollout is in terminating',
    });
  });
});

describe('the status that a release leaves', () => {
  const condition = (type: string, status: string, reason = '', message = '') => ({ type, status, reason, message });

  it('after success', () => {
    const completed = 'Rollout progressing has been completed';
    const status = finalStatus(ended('Success'), facts, 'Completed', now);
    expect(status).toMatchObject({
      phase: 'Healthy',
      message: completed,
      currentStepIndex: 4,
      currentStepState: 'Completed',
    });
    expect(status.conditions).toEqual([
      condition('Progressing', 'False', 'Completed', completed),
      condition('Succeeded', 'True'),
    ]);
    expect(status.canaryStatus).toMatchObject({
      finalisingStep: 'END',
      currentStepState: 'Completed',
      nextStepIndex: -1,
    });
  });

  it('after a rollback', () => {
    const canceled = 'Rollout progressing has been canceled';
    const status = finalStatus(ended('Rollback'), facts, 'RolledBack', now);
    expect(status).toMatchObject({ phase: 'Healthy', message: canceled });
    expect(status.conditions).toEqual([
      condition('Progressing', 'False', 'Completed', canceled),
      condition('Succeeded', 'False'),
    ]);
  });

  it('of a disabled Rollout, however its release ended', () => {
    expect(finalStatus(ended('Disabled'), facts, 'Disabled', now)).toMatchObject({
      phase: 'Disabled',
      message: 'Rollout is disabled',
    });
    const off = switched({ disabled: true });
    expect(finalStatus(ended('Rollback'), off, 'RolledBack', now)).toMatchObject({
      phase: 'Disabled',
      message: 'Rollout is disabled',
    });
  });

  it('of a deleted Rollout, however its release ended: nothing is left to be done for it', () => {
    const gone = switched({ deleting: true });
    for (const [reason, outcome] of [
      ['Deleted', 'Deleted'],
      ['Rollback', 'RolledBack'],
    ] as const) {
      const status = finalStatus(ended(reason), gone, outcome, now);
      expect(status.phase).toBe('Terminating');
      expect(status.conditions).toContainEqual(
        condition('Terminating', 'False', 'Completed', 'Rollout is in terminating'),
      );
    }
  });

  it('without its workload is that of a Rollout which never released anything', () => {
    expect(finalStatus(ended('WorkloadGone'), withWorkload(undefined), 'Deleted', now)).toEqual({
      observedGeneration: 3,
      phase: 'Initial',
      message: expect.stringMatching(/^Workload Not Found/),
      currentStepIndex: 0,
      currentStepState: '',
      conditions: [],
      canaryStatus: null,
    });
  });
});
