import { describe, expect, it } from '@jest/globals';
import { decide } from '../../domain/decide.ts';
import { done } from '../../domain/done.ts';
import { finaliseOrder, finaliseSteps, outcomeOf, promotes } from '../../domain/finalise.ts';
import type { Facts, FinaliseReason, ReleaseState } from '../../domain/release.ts';
import { planOf } from './model/plans.ts';
import { facts, now, pausedAt, plan, withWorkload } from './model/states.ts';

/** What is done, one after the other, from this state to its end, while nothing else happens. */
function course(from: ReleaseState, seen: Facts): string[] {
  const steps: string[] = [];
  let state = from;
  for (let turn = 0; turn < 20; turn += 1) {
    const decided = decide(state, seen, now);
    const { action } = decided;
    if (action.do !== 'finalise') return [...steps, action.do === 'end' ? action.outcome : action.do];
    steps.push(action.step);
    state = done(decided.state, action, {}, now);
  }
  throw new Error('no end');
}

const forward = ['restoreStableService', 'routeToStable', 'removeCanaryService', 'resumeWorkload', 'releaseWorkload'];
const switched = (change: Partial<Facts['switches']>): Facts => ({
  ...facts,
  switches: { ...facts.switches, ...change },
});

describe('the order in which a release ends', () => {
  it('widens the stable Service, takes the routes back, and removes the canary pods last, after success', () => {
    expect(course(pausedAt(4, { approved: 4 }), facts)).toEqual([...forward, 'Completed']);
  });

  it('is the same when the Rollout is deleted or disabled', () => {
    expect(course(pausedAt(2), switched({ deleting: true }))).toEqual([...forward, 'Deleted']);
    expect(course(pausedAt(2), switched({ disabled: true }))).toEqual([...forward, 'Disabled']);
  });

  const back = ['resumeWorkload', 'releaseWorkload', 'restoreStableService', 'removeCanaryService', 'RolledBack'];

  it('takes the requests from the new version first, and its pods before the pin, for a rollback', () => {
    expect(course(pausedAt(2), withWorkload({ revision: 'v1' }))).toEqual(['routeToStable', ...back]);
  });

  it('puts the old template back itself for an undo', () => {
    expect(course(pausedAt(2, { wantUndo: true }), facts)).toEqual(['routeToStable', 'putBack', ...back]);
  });

  it('leaves the stable Service pinned for a newer version, whose pods must get nothing before their step', () => {
    expect(course(pausedAt(2), withWorkload({ revision: 'v3' }))).toEqual([
      'routeToStable',
      'releaseWorkload',
      'removeCanaryService',
      'restart',
    ]);
  });

  it('leaves the workload held after an abort', () => {
    expect(course(pausedAt(2, { stage: 'Finalising', finalise: { reason: 'Abort', next: 0 } }), facts)).toEqual([
      'routeToStable',
      'releaseWorkload',
      'restoreStableService',
      'removeCanaryService',
      'wait',
    ]);
  });

  it('does not wait for a workload that was deleted', () => {
    expect(course(pausedAt(2), withWorkload(undefined))).toEqual([
      'routeToStable',
      'releaseWorkload',
      'restoreStableService',
      'removeCanaryService',
      'Deleted',
    ]);
  });

  it('touches no Service and no route without routings', () => {
    const bare = planOf(plan.steps, { routings: [] });
    expect(course(pausedAt(4, { approved: 4 }, bare), { ...facts, plan: bare })).toEqual([
      'resumeWorkload',
      'releaseWorkload',
      'Completed',
    ]);
  });

  it('removes no canary Service where none was to be made', () => {
    const own = planOf(plan.steps, { disableGenerateCanaryService: true });
    expect(course(pausedAt(4, { approved: 4 }, own), { ...facts, plan: own })).not.toContain('removeCanaryService');
  });
});

describe('what an ended release leaves', () => {
  it.each<[FinaliseReason, boolean, string]>([
    ['Success', true, 'Completed'],
    ['Deleted', true, 'Deleted'],
    ['Disabled', true, 'Disabled'],
    ['Rollback', false, 'RolledBack'],
    ['Abort', false, 'RolledBack'],
    ['Supersede', false, 'Superseded'],
    ['WorkloadGone', false, 'Deleted'],
  ])('%s: promoted %p, %s', (reason, promoted, outcome) => {
    expect(promotes(reason)).toBe(promoted);
    expect(outcomeOf(reason)).toBe(outcome);
  });

  it('takes every route back before it removes the pods behind it', () => {
    for (const reason of [
      'Success',
      'Deleted',
      'Disabled',
      'Rollback',
      'Abort',
      'Supersede',
      'WorkloadGone',
    ] as const) {
      const order = finaliseOrder(reason);
      expect(order.indexOf('routeToStable')).toBeLessThan(order.indexOf('releaseWorkload'));
    }
  });

  it('names its steps as OpenKruise does', () => {
    expect(Object.entries(finaliseSteps).map(([step, { kruise }]) => [step, kruise])).toEqual([
      ['restoreStableService', 'RestoreStableService'],
      ['routeToStable', 'FinalisingStepRouteTrafficToStable'],
      ['removeCanaryService', 'RemoveCanaryService'],
      ['putBack', 'ResumeWorkload'],
      ['resumeWorkload', 'ResumeWorkload'],
      ['releaseWorkload', 'ReleaseWorkloadControl'],
    ]);
  });
});
