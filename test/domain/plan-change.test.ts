import { describe, expect, it } from '@jest/globals';
import { decide } from '../../domain/decide.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import type { Facts, ReleaseState } from '../../domain/release.ts';
import { approval, planOf, routing, timed } from './model/plans.ts';
import { facts, now, pausedAt, plan, withWorkload } from './model/states.ts';

const stepsOf = (...replicas: Step['replicas'][]): Step[] =>
  replicas.map((pods) => ({ replicas: pods, traffic: 10, pause: approval }));

/** Where a release goes when its plan becomes `edited`. */
function edit(state: ReleaseState, edited: Plan, seen: Facts = facts): string {
  const { state: after } = decide(state, { ...seen, plan: edited }, now);
  return `${after.step} ${after.stepState}`;
}

describe('a plan edited under way', () => {
  it('is no edit when only pauses and the threshold change: they count from now on', () => {
    const edited = { ...plan, failureThreshold: 1, steps: plan.steps.map((step) => ({ ...step, pause: timed(5) })) };
    const { state, action } = decide(pausedAt(1), { ...facts, plan: edited }, now);
    expect(state).toMatchObject({ step: 1, stepState: 'StepPaused', plan: edited });
    expect(action).toEqual({ do: 'wait', for: 'timer', until: now + 5000 });
  });

  it.each<[string, number, Step['replicas'][], string]>([
    ['has as many pods', 2, ['10%', '40%', '80%', '100%'], '2 StepUpgrade'],
    ['has more pods', 2, ['10%', '60%', '80%', '100%'], '2 StepUpgrade'],
    ['has fewer, and an earlier one has enough', 2, ['50%', '20%', '80%', '100%'], '1 StepUpgrade'],
    ['has fewer, and the next one has enough', 2, ['10%', '20%', '80%', '100%'], '3 StepUpgrade'],
    ['has fewer, and none has enough: the last one looked at', 2, ['10%', '20%', '30%', '35%'], '4 StepUpgrade'],
    [
      'has fewer, and none has enough, from the last step: the last one looked at',
      4,
      ['10%', '20%', '30%', '35%'],
      '3 StepUpgrade',
    ],
  ])('is taken up at the current step first, then in order: the current one %s', (_, at, replicas, to) => {
    expect(edit(pausedAt(at), planOf(stepsOf(...replicas)))).toBe(to);
  });

  it('counts no more pods than the workload has now', () => {
    const small = withWorkload({ replicas: 5 });
    expect(edit(pausedAt(3), planOf(stepsOf('20%', '50%', '100%', '100%')), small)).toBe('3 StepUpgrade');
  });

  it('forgets approvals of the step as it was', () => {
    const edited = planOf(stepsOf('10%', '50%', '80%', '100%'));
    expect(decide(pausedAt(2, { approved: 2 }), { ...facts, plan: edited }, now).state.approved).toBe(0);
  });

  it('takes the requests back at once where the step moves none any more', () => {
    const edited = planOf(plan.steps.map(({ traffic: _, ...step }) => step));
    expect(decide(pausedAt(2), { ...facts, plan: edited }, now).action).toEqual({ do: 'unroute', step: 2 });
  });

  it('keeps what the release has made: routings, style, workload, metadata, and the canary Service', () => {
    const other = { ...routing, service: 'other' };
    const edited = planOf(plan.steps, { routings: [other], disableGenerateCanaryService: true });
    const kept = decide(pausedAt(2), { ...facts, plan: edited }, now).state.plan;
    expect(kept).toMatchObject({ routings: [routing], disableGenerateCanaryService: false });
  });

  it('is followed once: the same plan again changes nothing', () => {
    const edited = { ...facts, plan: planOf(stepsOf('10%', '50%', '80%', '100%')) };
    const first = decide(pausedAt(2), edited, now);
    expect(decide(first.state, edited, now)).toEqual(first);
  });

  it('that makes no sense is not followed, and stops nothing', () => {
    const { plan: _, ...none } = facts;
    expect(decide(pausedAt(1, { approved: 1 }), none, now).state.step).toBe(2);
    const { plan: __, ...back } = withWorkload({ revision: 'v1' });
    expect(decide(pausedAt(1), back, now).action).toMatchObject({ reason: 'Rollback' });
  });

  it('that hides which workload it is about leaves everything where it is', () => {
    const { plan: _, ...blind } = withWorkload(undefined);
    expect(decide(pausedAt(2), blind, now).action).toEqual({ do: 'wait', for: 'fix' });
  });
});

describe('a jump', () => {
  const wish = (jump: number): Facts => ({ ...facts, input: { jump, by: 'kubectl' } });

  it.each([1, 2, 3, 4])('goes to step %p from the status', (to) => {
    expect(decide(pausedAt(2), wish(to), now).state).toMatchObject({ step: to, stepState: 'StepUpgrade', approved: 0 });
  });

  it.each([0, -1, 5])('to step %p does nothing', (to) => {
    expect(decide(pausedAt(2), wish(to), now).state).toMatchObject({ step: 2, stepState: 'StepPaused' });
  });

  it('back takes no pods away, and gives the requests of the step it goes to', () => {
    expect(decide(pausedAt(3), wish(1), now).action).toEqual({ do: 'upgrade', step: 1, pods: 8 });
  });

  it('to a step without traffic takes the requests back before anything else', () => {
    const mixed = planOf([{ replicas: '80%', pause: approval }, ...plan.steps.slice(1)]);
    const at = { ...facts, plan: mixed };
    expect(decide(pausedAt(3, {}, mixed), { ...at, input: { jump: 1, by: 'x' } }, now).action).toEqual({
      do: 'unroute',
      step: 1,
    });
  });

  it('of a paused release is taken, and carried out when it is resumed', () => {
    const paused = { ...wish(4), switches: { ...facts.switches, paused: true } };
    const { state, action } = decide(pausedAt(2), paused, now);
    expect([state.step, action]).toEqual([4, { do: 'wait', for: 'resume' }]);
  });
});
