import { describe, expect, it } from '@jest/globals';
import { type Action, decide, outdates, sameAction, takenIn } from '../../domain/decide.ts';
import { done } from '../../domain/done.ts';
import { type Facts, newRelease, type ReleaseState } from '../../domain/release.ts';
import { approval, planOf } from './model/plans.ts';
import { begun, facts, now, pausedAt, plan, withWorkload, workload } from './model/states.ts';

/** The actions that are taken, one after the other, while the facts stay as they are. */
function course(from: ReleaseState, seen: Facts, most = 12): string[] {
  const actions: string[] = [];
  let state = from;
  for (let turn = 0; turn < most; turn += 1) {
    const decided = decide(state, seen, now);
    const { action } = decided;
    actions.push(action.do === 'wait' ? `wait for ${action.for}` : action.do);
    if (['wait', 'end', 'restart'].includes(action.do)) return actions;
    state = done(decided.state, action, { podTemplateHash: 'v2', deployment: 'echo-v2' }, now);
  }
  throw new Error(`no end: ${actions.join(', ')}`);
}

const lost: Facts = { ...facts, drifted: true, canary: { name: 'echo-v2', desired: 4, updated: 4, ready: 0 } };

describe('a step', () => {
  it('has its pods, then its routes, then its pause', () => {
    expect(course(begun(), facts)).toEqual(['upgrade', 'route', 'wait for approval']);
  });

  it('has no routes without routings', () => {
    const bare = planOf(plan.steps, { routings: [] });
    expect(course(begun(bare), { ...facts, plan: bare })).toEqual(['upgrade', 'wait for approval']);
  });

  it('takes the requests back before its pods when it moves none', () => {
    const mixed = planOf([...plan.steps.slice(0, 1), { replicas: 5, pause: approval }]);
    expect(course(pausedAt(1, { approved: 1 }, mixed), { ...facts, plan: mixed })).toEqual([
      'unroute',
      'upgrade',
      'wait for approval',
    ]);
  });

  it('is passed without a pause when it is the last, and "100%"', () => {
    expect(decide(pausedAt(4), facts, now).action).toMatchObject({ reason: 'Success' });
    const counted = planOf([...plan.steps.slice(0, 3), { replicas: 10, traffic: 100, pause: approval }]);
    expect(decide(pausedAt(4, {}, counted), { ...facts, plan: counted }, now).action).toMatchObject({
      for: 'approval',
    });
  });

  it('is left when its time has come, and not before', () => {
    expect(decide(pausedAt(2), facts, now + 59_999).action).toMatchObject({ for: 'timer', until: now + 60_000 });
    expect(decide(pausedAt(2), facts, now + 60_000).state.step).toBe(3);
  });

  it('is brought up to the workload when that grows, and only then given its requests', () => {
    expect(course(pausedAt(2), withWorkload({ replicas: 20 }))).toEqual(['upgrade', 'route', 'wait for timer']);
    const routing = pausedAt(2, { stepState: 'StepTrafficRouting' });
    expect(decide(routing, withWorkload({ replicas: 20 }), now).action).toEqual({ do: 'upgrade', step: 2, pods: 8 });
  });
});

describe('an action that ends after the release has turned elsewhere', () => {
  const upgraded: Action = { do: 'upgrade', step: 1, pods: 1 };

  it('does not give its pods to the step that was jumped to', () => {
    const jumped = pausedAt(3, { stepState: 'BeforeStepUpgrade' });
    expect(done(jumped, upgraded, {}, now)).toMatchObject({ step: 3, stepState: 'BeforeStepUpgrade', upgraded: 1 });
  });

  it('does not give its requests to it either', () => {
    const jumped = pausedAt(3, { stepState: 'BeforeStepUpgrade', routed: 0 });
    expect(done(jumped, { do: 'route', step: 1 }, {}, now)).toMatchObject({
      stepState: 'BeforeStepUpgrade',
      routed: 1,
    });
  });

  it('may have sent requests, also when it was given up: a step without any takes them back', () => {
    const mixed = planOf([{ replicas: '80%', pause: approval }, ...plan.steps.slice(1)]);
    const seen = { ...facts, plan: mixed };
    const routing = decide(pausedAt(3, { stepState: 'StepTrafficRouting', routed: 0 }, mixed), seen, now);
    expect(routing.action).toEqual({ do: 'route', step: 3 });
    const jumped = decide(routing.state, { ...seen, input: { jump: 1, by: 'kubectl' } }, now);
    expect(jumped.action).toEqual({ do: 'unroute', step: 1 });
    expect(decide(done(jumped.state, jumped.action, {}, now), seen, now).action).toMatchObject({ do: 'upgrade' });
  });

  it('does not end a step that was begun again meanwhile', () => {
    const again = pausedAt(1, { stepState: 'BeforeStepUpgrade' });
    expect(done(again, upgraded, {}, now).stepState).toBe('BeforeStepUpgrade');
    expect(done(again, { do: 'route', step: 1 }, {}, now).stepState).toBe('BeforeStepUpgrade');
  });

  it('does not swallow the resume that came while the pause was being written', () => {
    const resumed = pausedAt(1, { wantPaused: false });
    expect(done(resumed, { do: 'setPaused', paused: true }, {}, now).wantPaused).toBe(false);
    expect(
      done(pausedAt(1, { wantPaused: true }), { do: 'setPaused', paused: true }, {}, now).wantPaused,
    ).toBeUndefined();
  });

  it('does not count as a step of another ending', () => {
    const back = pausedAt(1, { stage: 'Finalising', finalise: { reason: 'Rollback', next: 0 } });
    const late: Action = { do: 'finalise', reason: 'Success', step: 'resumeWorkload' };
    expect(done(back, late, {}, now)).toMatchObject({ finalise: { reason: 'Rollback', next: 0 }, resumed: false });
  });
});

describe('what others do to what the release made', () => {
  it('is put right, pods first, and once for one look', () => {
    expect(course(pausedAt(2), { ...lost, canary: { ...canaryOf(lost), ready: 4 } })).toEqual([
      'upgrade',
      'route',
      'wait for timer',
    ]);
  });

  it('takes the requests back when no new pod is ready any more, paused or not, and once for one look', () => {
    expect(course(pausedAt(2), lost)).toEqual(['unroute', 'upgrade', 'route', 'wait for timer']);
    const paused = { ...lost, switches: { ...facts.switches, paused: true } };
    expect(course(pausedAt(2), paused)).toEqual(['unroute', 'wait for resume']);
  });

  it('brings up pods that were taken away while the routes are being put right, since those wait for them', () => {
    const routing = pausedAt(2, { repair: 'traffic' });
    const fewer = { ...lost, canary: { ...canaryOf(lost), desired: 1, ready: 1 } };
    expect(decide(routing, fewer, now).action).toEqual({ do: 'upgrade', step: 2, pods: 4 });
    expect(decide(routing, { ...lost, canary: { ...canaryOf(lost), ready: 4 } }, now).action).toEqual({
      do: 'route',
      step: 2,
    });
  });

  it('takes them back while pods are awaited, of the next step or again of this one', () => {
    const observation = { ready: 0, updated: 8, problem: '', since: now };
    const upgrading = pausedAt(3, { stepState: 'StepUpgrade', upgraded: 4, routed: 2, observation });
    expect(course(upgrading, facts)).toEqual(['unroute', 'upgrade', 'route', 'wait for approval']);
    const repairing = pausedAt(2, { repair: 'pods', driftTaken: true, observation });
    expect(decide(repairing, lost, now).action).toEqual({ do: 'unroute', step: 2 });
  });

  it('takes them back when the workload is scaled to nothing, and gives them again with the first pod', () => {
    expect(course(pausedAt(2), withWorkload({ replicas: 0 }))).toEqual(['unroute', 'upgrade', 'wait for timer']);
    expect(course(pausedAt(2, { upgraded: 0, routed: 0 }), facts)).toEqual(['upgrade', 'route', 'wait for timer']);
  });
});

function canaryOf(seen: Facts): NonNullable<Facts['canary']> {
  return seen.canary as NonNullable<Facts['canary']>;
}

describe('before a release begins', () => {
  it('waits for its Rollout to make sense, and takes the plan as it is then', () => {
    const problem = { code: 'InvalidRollout', message: 'no steps' } as const;
    const { plan: _, ...none } = withWorkload(undefined, { problems: [problem] });
    const waiting = decide(newRelease(now), none, now);
    expect(waiting.action).toEqual({ do: 'wait', for: 'fix' });
    expect(decide(waiting.state, facts, now).action).toMatchObject({ do: 'upgrade' });
  });

  it('waits for the workload', () => {
    expect(decide(newRelease(now), withWorkload(undefined), now).action).toEqual({ do: 'wait', for: 'workload' });
    expect(decide(newRelease(now), withWorkload({ older: [] }), now).action).toEqual({ do: 'wait', for: 'workload' });
  });

  it.each([
    ['the workload is not held', withWorkload({ held: false })],
    ['there is neither a Rollout nor a plan', withoutPlan({ attached: false })],
    ['there is neither a Rollout nor a workload', withWorkload(undefined, { attached: false })],
  ])('there is nothing to do when %s', (_, seen) => {
    expect(decide(newRelease(now), seen, now).action).toEqual({ do: 'end', outcome: 'NothingToDo' });
  });

  it('ends with its Rollout, also without a workload', () => {
    const deleted = withWorkload(undefined, { switches: { ...facts.switches, deleting: true } });
    expect(course(newRelease(now), deleted).at(-1)).toBe('end');
  });

  it('finishes the version that is still rolling out, where requests are to be divided', () => {
    const [v1] = workload.older;
    const older = [v1 as NonNullable<typeof v1>, { revision: 'v2', podTemplateHash: 'v2', images: ['echo:2'] }];
    const mixed = withWorkload({ revision: 'v3', older });
    const decided = decide(newRelease(now), mixed, now);
    expect(decided.action).toEqual({ do: 'finishOlder' });
    expect(decide(newRelease(now), withWorkload({ revision: 'v2', held: false, queued: true }), now).action).toEqual({
      do: 'finishOlder',
    });
    const bare = { ...mixed, plan: planOf(plan.steps, { routings: [] }) };
    expect(decide(newRelease(now), bare, now).state.stable?.revision).toBe('v1');
  });

  it('lets the version go that was put back before the first look', () => {
    const back = withWorkload({
      revision: 'v1',
      older: [],
      current: { revision: 'v1', podTemplateHash: 'v1', images: [] },
    });
    const { state, action } = decide(newRelease(now), back, now);
    expect([state.revision, action]).toMatchObject(['v1', { reason: 'Rollback' }]);
  });

  it('takes over the pods of a release that nobody remembers', () => {
    const { state, action } = decide(newRelease(now), { ...facts, canary: { ...canaryOf(lost), desired: 8 } }, now);
    expect([state.step, action]).toEqual([1, { do: 'upgrade', step: 1, pods: 8 }]);
  });
});

function withoutPlan(change: Partial<Facts>): Facts {
  const { plan: _, ...rest } = withWorkload(undefined);
  return { ...rest, ...change };
}

describe('an ending', () => {
  const aborted = pausedAt(2, { stage: 'Aborted', stepState: 'Completed' });

  it('of an aborted release never promotes it, whether its Rollout is deleted or disabled', () => {
    for (const change of [{ deleting: true }, { disabled: true }]) {
      const { state, action } = decide(aborted, { ...facts, switches: { ...facts.switches, ...change } }, now);
      expect(action).toMatchObject({ reason: 'Rollback' });
      expect(state.wantUndo).toBe(true);
    }
  });

  it('of an aborted release does not put the old version over a newer one', () => {
    const newer = withWorkload({ revision: 'v3' }, { switches: { ...facts.switches, deleting: true } });
    expect(decide(aborted, newer, now).action).toMatchObject({ reason: 'Supersede' });
  });

  it('of an aborting release whose Rollout is deleted puts the old version back', () => {
    const aborting = pausedAt(2, { stage: 'Finalising', finalise: { reason: 'Abort', next: 1 } });
    const deleted = { ...facts, switches: { ...facts.switches, deleting: true } };
    const { state, action } = decide(aborting, deleted, now);
    expect(action).toMatchObject({ reason: 'Rollback', step: 'routeToStable' });
    expect(decide(done(state, action, {}, now), deleted, now).action).toMatchObject({ step: 'putBack' });
  });

  it('gives way to a newer version, and to the one that had been taken back', () => {
    const back = pausedAt(2, { stage: 'Finalising', finalise: { reason: 'Rollback', next: 2 } });
    for (const revision of ['v2', 'v3'])
      expect(decide(back, withWorkload({ revision }), now).action).toMatchObject({ reason: 'Supersede' });
    const taking = pausedAt(4, { stage: 'Finalising', finalise: { reason: 'Success', next: 0 } });
    expect(decide(taking, withWorkload({ revision: 'v3' }), now).action).toMatchObject({ reason: 'Supersede' });
  });

  it('goes on when the hold is off: a version that comes then is the next one', () => {
    const taking = pausedAt(4, { stage: 'Finalising', finalise: { reason: 'Success', next: 4 }, resumed: true });
    expect(decide(taking, withWorkload({ revision: 'v3' }), now).action).toMatchObject({ step: 'releaseWorkload' });
  });

  it('is followed by the release of a version that came while it was under way', () => {
    const ending = pausedAt(4, { stage: 'Finalising', finalise: { reason: 'Success', next: 5 }, resumed: true });
    expect(decide(ending, withWorkload({ revision: 'v3' }), now).action).toEqual({ do: 'restart' });
  });

  it('takes the hold off again when a version came and went meanwhile', () => {
    const ending = pausedAt(4, {
      stage: 'Finalising',
      finalise: { reason: 'Success', next: 5, before: 7 },
      resumed: true,
    });
    expect(decide(ending, withWorkload({ generation: 8 }), now).action).toEqual({ do: 'end', outcome: 'Completed' });
    expect(decide(ending, withWorkload({ generation: 10 }), now).action).toMatchObject({ step: 'resumeWorkload' });
  });

  it('turns back when the old version is put back while the new one takes over', () => {
    const ending = pausedAt(4, { stage: 'Finalising', finalise: { reason: 'Success', next: 3 } });
    expect(decide(ending, withWorkload({ revision: 'v1' }), now).action).toMatchObject({
      reason: 'Rollback',
      step: 'routeToStable',
    });
  });
});

describe('decisions and what they use up', () => {
  it('are the same again while nothing has changed', () => {
    for (const state of [begun(), pausedAt(1), pausedAt(2), pausedAt(4, { approved: 4 })]) {
      const decided = decide(state, facts, now);
      expect(decide(decided.state, takenIn(facts, decided), now)).toEqual(decided);
    }
  });

  it('take in a wish once, and a drift when its repair begins', () => {
    const seen: Facts = { ...lost, input: { approve: 2, by: 'kubectl' } };
    const decided = decide(pausedAt(2), seen, now);
    expect(decided.state.approved).toBe(2);
    expect(takenIn(seen, decided)).toEqual({ ...lost, drifted: false });
  });

  it('need a new look after what changes the workload or arrives at a pause', () => {
    expect(outdates({ do: 'finalise', reason: 'Rollback', step: 'putBack' })).toBe(true);
    expect(outdates({ do: 'finalise', reason: 'Rollback', step: 'routeToStable' })).toBe(false);
    expect(outdates({ do: 'route', step: 1 })).toBe(true);
    expect(outdates({ do: 'upgrade', step: 1, pods: 1 })).toBe(false);
  });

  it('tell apart actions by what is to be done', () => {
    expect(sameAction({ do: 'upgrade', step: 1, pods: 1 }, { do: 'upgrade', step: 1, pods: 1 })).toBe(true);
    expect(sameAction({ do: 'upgrade', step: 1, pods: 1 }, { do: 'upgrade', step: 1, pods: 2 })).toBe(false);
  });

  it('count an approval in the status for its own step only', () => {
    const late: Facts = { ...facts, input: { approve: 1, by: 'kubectl' } };
    expect(decide(pausedAt(3), late, now).action).toEqual({ do: 'wait', for: 'approval' });
  });
});
