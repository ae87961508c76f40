import { describe, expect, it } from '@jest/globals';
import { command } from '../../domain/command.ts';
import type { Command, CommandName } from '../../domain/commands.ts';
import { decide } from '../../domain/decide.ts';
import { type Facts, newRelease, type ReleaseState } from '../../domain/release.ts';
import { facts, now, pausedAt } from './model/states.ts';

const paused: Facts = { ...facts, switches: { ...facts.switches, paused: true } };
const upgrading = pausedAt(2, { stepState: 'StepUpgrade' });
const aborted = pausedAt(2, { stage: 'Aborted', stepState: 'Completed' });
const ending = (reason: 'Success' | 'Rollback' | 'Deleted') =>
  pausedAt(2, { stage: 'Finalising', finalise: { reason, next: 0 } });

function give(name: CommandName, state: ReleaseState, wish: Partial<Command> = {}, seen = facts) {
  const { action } = decide(state, seen, now);
  return command(name, { by: 'ann', via: 'cli', ...wish }, state, seen, action, now);
}

function refusal(name: CommandName, state: ReleaseState, wish: Partial<Command> = {}, seen = facts): string {
  const answered = give(name, state, wish, seen);
  return 'refusal' in answered ? `${answered.refusal.code}: ${answered.refusal.message}` : 'taken';
}

function taken(name: CommandName, state: ReleaseState, wish: Partial<Command> = {}, seen = facts) {
  const answered = give(name, state, wish, seen);
  if ('refusal' in answered) throw new Error(answered.refusal.message);
  return answered;
}

describe('what cannot be had', () => {
  const taking =
    'Finishing: the last step has passed and the new version is taking over: publish the old one to go back';
  it.each<[CommandName, string, ReleaseState, Partial<Command>, string]>([
    [
      'approve',
      'on its way',
      upgrading,
      {},
      'NotWaiting: step 2/4 is not waiting for an approval: it is at StepUpgrade',
    ],
    ['approve', 'approved', pausedAt(2, { approved: 2 }), {}, 'NotWaiting: step 2/4 is approved already'],
    ['approve', 'not begun', newRelease(now), {}, 'NotWaiting: the release has not begun: there is nothing to approve'],
    [
      'approve',
      'aborted',
      aborted,
      {},
      'Aborted: the release is aborted: retry it, undo it, or publish another version',
    ],
    ['approve', 'finishing', ending('Success'), {}, taking],
    ['approve', 'going back', ending('Rollback'), {}, 'Finishing: the release is being taken back already'],
    ['undo', 'being deleted', ending('Deleted'), {}, 'Finishing: the release is ending: the new version takes over'],
    [
      'undo',
      'not begun',
      newRelease(now),
      {},
      'NotWaiting: the release has not begun: put the old version back instead',
    ],
    [
      'abort',
      'not begun',
      newRelease(now),
      {},
      'NotWaiting: the release has not begun: put the old version back instead',
    ],
    ['abort', 'aborted', aborted, {}, 'Aborted: the release is aborted already'],
    ['retry', 'not begun', newRelease(now), {}, 'NotAborted: the release has not begun: there is nothing to retry'],
    ['resume', 'not paused', pausedAt(1), {}, 'NotPaused: the release is not paused'],
    ['resume', 'finishing', ending('Success'), {}, taking],
    ['jump', 'aborted', aborted, { to: 1 }, 'NotWaiting: the release is aborted: there is no step to leave'],
    ['jump', 'paused', pausedAt(1), { to: 5 }, 'NoSuchStep: there is no step 5: the plan has steps 1 to 4'],
    ['jump', 'paused', pausedAt(1), { to: 1.5 }, 'NoSuchStep: there is no step 1.5: the plan has steps 1 to 4'],
    ['jump', 'paused', pausedAt(1), {}, 'NoSuchStep: there is no step (none given): the plan has steps 1 to 4'],
    [
      'approve',
      'elsewhere',
      pausedAt(2),
      { step: 1 },
      'OtherStep: this was meant for step 1; the release is at step 2 now',
    ],
    [
      'undo',
      'of v2',
      pausedAt(2),
      { revision: 'v3' },
      'OtherRevision: this was meant for revision v3; the release is of v2 now',
    ],
    ['approve', 'anything', pausedAt(2), { by: '' }, 'BadCommand: a command must say who gives it (by)'],
  ])('%s, when the release is %s', (name, _, state, wish, text) => {
    expect(refusal(name, state, wish)).toBe(text);
  });

  it('pause, when the release is paused by its Rollout or by a command just given', () => {
    expect(refusal('pause', pausedAt(1), {}, paused)).toBe('AlreadyPaused: the release is paused already');
    expect(refusal('pause', pausedAt(1, { wantPaused: true }))).toBe('AlreadyPaused: the release is paused already');
  });

  it('changes nothing: every command is refused or taken, never both', () => {
    for (const name of ['approve', 'pause', 'resume', 'abort', 'retry', 'undo', 'jump'] as const)
      for (const state of [newRelease(now), upgrading, pausedAt(1), aborted, ending('Rollback')]) {
        const answered = give(name, state, { to: 1 });
        expect('refusal' in answered).toBe(!('answer' in answered));
      }
  });
});

describe('what is had', () => {
  it('an approval, once, for the step that waits', () => {
    const { state, answer } = taken('approve', pausedAt(1), { step: 1, revision: 'v2', reason: 'looks good' });
    expect(answer).toEqual({
      message: 'approved: step 2: 4 new pods, then 40 % of requests go to the new version',
      step: 1,
      revision: 'v2',
    });
    expect(state.decisions.at(-1)).toEqual({
      at: '2025-01-01T00:00:00Z',
      what: 'approved step 1',
      by: 'ann',
      via: 'cli',
      reason: 'looks good',
      step: 1,
      revision: 'v2',
    });
    expect(decide(state, facts, now).state).toMatchObject({ step: 2, stepState: 'StepUpgrade' });
  });

  it('an approval of a timed pause ends it now', () => {
    expect(decide(taken('approve', pausedAt(2)).state, facts, now).state.step).toBe(3);
  });

  it('an approval of a paused release counts when it is resumed', () => {
    const { state } = taken('approve', pausedAt(1), {}, paused);
    expect(decide(state, paused, now).action).toEqual({ do: 'wait', for: 'resume' });
    expect(decide(state, facts, now).state.step).toBe(2);
  });

  it('a pause and a resume are written to the Rollout, or kept where there is none', () => {
    const { state } = taken('pause', pausedAt(1));
    expect(decide(state, facts, now).action).toEqual({ do: 'setPaused', paused: true });
    expect(decide(state, { ...facts, attached: false }, now).action).toEqual({ do: 'wait', for: 'resume' });
    expect(decide(taken('resume', pausedAt(1), {}, paused).state, paused, now).action).toEqual({
      do: 'setPaused',
      paused: false,
    });
  });

  it('a pause right after a resume, and the other way round: the last word counts', () => {
    const { state } = taken('resume', pausedAt(1), {}, paused);
    expect(decide(taken('pause', state, {}, paused).state, paused, now).action).toEqual({ do: 'wait', for: 'resume' });
  });

  it('an abort takes all back and waits for a decision; a retry begins at the first step', () => {
    expect(decide(taken('abort', pausedAt(2)).state, facts, now).action).toMatchObject({ reason: 'Abort' });
    const again = decide(taken('retry', aborted).state, facts, now);
    expect(again.state).toMatchObject({
      stage: 'Rolling',
      step: 1,
      stepState: 'StepUpgrade',
      approved: 0,
      upgraded: 0,
    });
  });

  it('a retry of a release under way begins its step again', () => {
    expect(taken('retry', upgrading).state).toMatchObject({ step: 2, stepState: 'BeforeStepUpgrade' });
  });

  it('an undo works from every step, paused and aborted too', () => {
    for (const state of [upgrading, pausedAt(3), aborted])
      expect(decide(taken('undo', state, {}, paused).state, paused, now).action).toMatchObject({ reason: 'Rollback' });
  });

  it('a jump goes to the beginning of its step and forgets approvals', () => {
    const { state, answer } = taken('jump', pausedAt(2, { approved: 2 }), { to: 4 });
    expect(answer).toMatchObject({ message: 'jumped to step 4/4', step: 4 });
    expect(state).toMatchObject({ step: 4, stepState: 'BeforeStepUpgrade', approved: 0 });
  });
});
