/** What a command does to a release, or why it cannot be had. Bound to the step and the revision its author saw. */
import type { Answer, Command, CommandName, Refusal, RefusalCode } from './commands.ts';
import { type Action, jump } from './decide.ts';
import { endFor } from './ending.ts';
import { promotes } from './finalise.ts';
import { present, timestamp } from './present.ts';
import { type Facts, type ReleaseState, withDecision } from './release.ts';

export type Commanded = { readonly state: ReleaseState; readonly answer: Answer } | { readonly refusal: Refusal };

/**
 * Applies a command. `action` is what the release is doing; `now` in ms since the epoch. Never throws: what cannot be
 * had is a refusal that names the release's own situation and the way out.
 */
export function command(
  name: CommandName,
  wish: Command,
  state: ReleaseState,
  facts: Facts,
  action: Action,
  now: number,
): Commanded {
  const bound = unbound(wish, state);
  if (bound !== undefined) return { refusal: bound };
  const at = `step ${state.step}/${state.plan?.steps.length ?? 0}`;
  const next = present(state, facts, action).awaited.next;
  const take = (changed: ReleaseState, what: string, message: string): Commanded => ({
    state: withDecision(changed, {
      at: timestamp(now),
      what,
      by: wish.by,
      via: wish.via,
      ...(wish.reason === undefined ? {} : { reason: wish.reason }),
    }),
    answer: { message, step: changed.step, revision: changed.revision },
  });
  const busy = finishing(state);
  // What was asked for last counts, also while it is not written to the Rollout yet.
  const paused = state.wantPaused ?? facts.switches.paused;
  switch (name) {
    case 'approve':
      if (busy !== undefined) return refuse('Finishing', busy);
      if (state.stage === 'Aborted')
        return refuse('Aborted', 'the release is aborted: retry it, undo it, or publish another version');
      if (state.stage !== 'Rolling')
        return refuse('NotWaiting', 'the release has not begun: there is nothing to approve');
      if (state.approved === state.step) return refuse('NotWaiting', `${at} is approved already`);
      if (state.stepState !== 'StepPaused')
        return refuse('NotWaiting', `${at} is not waiting for an approval: it is at ${state.stepState}`);
      return take({ ...state, approved: state.step }, `approved step ${state.step}`, `approved: ${next}`);
    case 'pause':
      if (busy !== undefined) return refuse('Finishing', busy);
      if (paused) return refuse('AlreadyPaused', 'the release is paused already');
      return take({ ...state, wantPaused: true }, 'paused', `paused at ${at}`);
    case 'resume':
      if (busy !== undefined) return refuse('Finishing', busy);
      if (!paused) return refuse('NotPaused', 'the release is not paused');
      return take({ ...state, wantPaused: false }, 'resumed', `resumed at ${at}`);
    case 'abort':
      if (busy !== undefined) return refuse('Finishing', busy);
      if (state.stage === 'Aborted') return refuse('Aborted', 'the release is aborted already');
      if (state.stage === 'Initializing')
        return refuse('NotWaiting', 'the release has not begun: put the old version back instead');
      return take(
        endFor(state, facts, 'Abort'),
        'aborted',
        'aborted: all requests go back to the stable version, the canary pods are removed, the workload stays held',
      );
    case 'retry':
      if (busy !== undefined) return refuse('Finishing', busy);
      if (state.stage === 'Aborted')
        return take(
          { ...state, stage: 'Initializing', approved: 0, failing: false },
          'retried from the first step',
          'retried: step 1 begins again',
        );
      if (state.stage !== 'Rolling')
        return refuse('NotAborted', 'the release has not begun: there is nothing to retry');
      return take(jump(state, state.step, now), `retried step ${state.step}`, `retried: ${at} begins again`);
    case 'undo':
      if (busy !== undefined) return refuse('Finishing', busy);
      if (state.stable === undefined)
        return refuse('NotWaiting', 'the release has not begun: put the old version back instead');
      return take(
        { ...state, wantUndo: true },
        'undone',
        'undone: the stable version is put back and takes all requests',
      );
    case 'jump': {
      const steps = state.plan?.steps.length ?? 0;
      if (busy !== undefined) return refuse('Finishing', busy);
      if (state.stage !== 'Rolling')
        return refuse('NotWaiting', `the release is ${state.stage.toLowerCase()}: there is no step to leave`);
      const to = wish.to ?? 0;
      if (!Number.isInteger(to) || to < 1 || to > steps)
        return refuse('NoSuchStep', `there is no step ${wish.to ?? '(none given)'}: the plan has steps 1 to ${steps}`);
      return take(jump(state, to, now), `jumped to step ${to}`, `jumped to step ${to}/${steps}`);
    }
  }
}

function unbound(wish: Command, state: ReleaseState): Refusal | undefined {
  if (typeof wish.by !== 'string' || wish.by === '')
    return { code: 'BadCommand', message: 'a command must say who gives it (by)' };
  if (wish.revision !== undefined && wish.revision !== state.revision)
    return {
      code: 'OtherRevision',
      message: `this was meant for revision ${wish.revision}; the release is of ${state.revision} now`,
    };
  if (wish.step !== undefined && wish.step !== state.step)
    return {
      code: 'OtherStep',
      message: `this was meant for step ${wish.step}; the release is at step ${state.step} now`,
    };
  return undefined;
}

function finishing(state: ReleaseState): string | undefined {
  if (state.finalise === undefined) return undefined;
  if (state.finalise.reason === 'Success')
    return 'the last step has passed and the new version is taking over: publish the old one to go back';
  return promotes(state.finalise.reason)
    ? 'the release is ending: the new version takes over'
    : 'the release is being taken back already';
}

function refuse(code: RefusalCode, message: string): Commanded {
  return { refusal: { code, message } };
}
