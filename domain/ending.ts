/** When a release is brought to an end, for which reason, and what is done for it next. */
import type { Decided } from './decide.ts';
import { finaliseOrder, outcomeOf, promotes } from './finalise.ts';
import type { Facts, FinaliseReason, FinaliseStep, ReleaseState } from './release.ts';

type Workload = NonNullable<Facts['workload']>;

/** The release as it is brought to an end, if what is seen or asked for is a reason to. */
export function ending(state: ReleaseState, facts: Facts): ReleaseState | undefined {
  const reason = reasonToEnd(state, facts);
  if (reason === undefined) return undefined;
  const begun = endFor(state, facts, reason);
  const { stable } = begun;
  const putBack = reason === 'Rollback' && stable !== undefined && facts.workload?.revision !== stable.revision;
  return putBack ? { ...begun, wantUndo: true } : begun;
}

/** The release at the beginning of being ended for this reason. */
export function endFor(state: ReleaseState, facts: Facts, reason: FinaliseReason): ReleaseState {
  const { blocked: _, observation: __, repair: ___, ...rest } = state;
  return {
    ...rest,
    stage: 'Finalising',
    // A release that has not begun lets go of the version it finds, and of no later one.
    revision: state.revision === '' ? (facts.workload?.revision ?? '') : state.revision,
    finalise: { reason, next: 0 },
  };
}

function reasonToEnd(state: ReleaseState, facts: Facts): FinaliseReason | undefined {
  const { workload, switches } = facts;
  if (workload === undefined) {
    // Without a plan nobody knows which workload to look for: it is not gone for that.
    if (state.revision !== '' && facts.plan !== undefined) return 'WorkloadGone';
  } else {
    if (isBack(state, workload)) return 'Rollback';
    if (state.revision !== '' && workload.revision !== state.revision) return 'Supersede';
  }
  if (state.wantUndo === true) return 'Rollback';
  if (!switches.deleting && !switches.disabled) return undefined;
  // What was aborted must not be promoted by that.
  if (state.stage === 'Aborted') return 'Rollback';
  return switches.deleting ? 'Deleted' : 'Disabled';
}

/** The workload's template is the stable version's again. */
function isBack({ stable }: ReleaseState, workload: Workload): boolean {
  if (stable !== undefined) return workload.revision === stable.revision;
  // Not begun yet, and the template's version is the one that already rolls by itself: there is nothing to hold back.
  return workload.current !== undefined && workload.held;
}

/** While a release is being brought to an end, the world may ask for another end. */
export function reconsider(state: ReleaseState, facts: Facts): ReleaseState {
  const { finalise, stable } = state;
  const { workload, switches } = facts;
  if (finalise === undefined || finalise.reason === 'WorkloadGone' || workload === undefined) return state;
  const { reason } = finalise;
  const again = (other: FinaliseReason): ReleaseState =>
    other === reason ? state : { ...state, resumed: false, finalise: { reason: other, next: 0 } };
  if (workload.revision === stable?.revision) return again('Rollback');
  // Once the hold is off, the native controller is rolling; a version held after that is the next release's.
  if (state.resumed) return state;
  if (workload.revision !== state.revision) return again('Supersede');
  if (reason === 'Abort' && (switches.deleting || switches.disabled)) return { ...again('Rollback'), wantUndo: true };
  // The version that had been taken back is there again. (An undo puts the stable one back itself: until then it is.)
  if (reason === 'Rollback' && stable !== undefined && state.wantUndo !== true) return again('Supersede');
  return state;
}

/** The next thing to do for a release's end, or what it ends in. */
export function finalising(state: ReleaseState, facts: Facts, now: number): Decided {
  const { finalise } = state;
  if (finalise === undefined) throw new Error('finalising without a reason');
  const order = finaliseOrder(finalise.reason);
  for (let next = finalise.next; next < order.length; next += 1) {
    const step = order[next] as FinaliseStep;
    if (needless(step, state, facts)) continue;
    const before = changesTemplateOrHold(step, state, facts) ? facts.workload?.generation : finalise.before;
    const at: ReleaseState = {
      ...state,
      stepState: 'Completed',
      finalise: { ...finalise, next, ...(before === undefined ? {} : { before }) },
    };
    return { state: at, action: { do: 'finalise', reason: finalise.reason, step } };
  }
  if (finalise.reason === 'Abort') {
    const { finalise: _, ...rest } = state;
    return {
      state: { ...rest, stage: 'Aborted', upgraded: 0, since: now, canaryDeployment: '', podTemplateHash: '' },
      action: { do: 'wait', for: 'decision' },
    };
  }
  if (finalise.reason === 'Supersede' || isNextHeld(state, facts)) return { state, action: { do: 'restart' } };
  if (isHeldAgain(state, facts)) {
    const next = order.indexOf('resumeWorkload');
    return finalising({ ...state, resumed: false, finalise: { reason: finalise.reason, next } }, facts, now);
  }
  return { state, action: { do: 'end', outcome: outcomeOf(finalise.reason) } };
}

/** The version that the workload is left with. */
function leftWith({ finalise, revision, stable }: ReleaseState): string {
  return finalise !== undefined && promotes(finalise.reason) ? revision : (stable?.revision ?? revision);
}

/** Does this step write to the workload as it was seen last? */
function changesTemplateOrHold(step: FinaliseStep, state: ReleaseState, { workload }: Facts): boolean {
  return step === 'putBack' || (step === 'resumeWorkload' && workload?.revision === leftWith(state));
}

/** A version that came while this release was ending is held: nobody else begins its release. */
function isNextHeld(state: ReleaseState, { workload }: Facts): boolean {
  if (workload?.held !== true || workload.revision === leftWith(state)) return false;
  // What is known may be from before the release's own last change.
  return workload.generation > (state.finalise?.before ?? -1);
}

/** Another version came after the hold was taken off, and went again: the hold stays. Taking it off is one change. */
function isHeldAgain({ finalise }: ReleaseState, { workload }: Facts): boolean {
  return finalise?.before !== undefined && workload?.held === true && workload.generation > finalise.before + 1;
}

function needless(step: FinaliseStep, { plan, stable }: ReleaseState, { workload }: Facts): boolean {
  const routed = (plan?.routings.length ?? 0) > 0;
  switch (step) {
    case 'restoreStableService':
    case 'routeToStable':
      return !routed;
    case 'removeCanaryService':
      return !routed || plan?.disableGenerateCanaryService === true;
    case 'putBack':
      return stable === undefined || workload?.revision === stable.revision;
    case 'resumeWorkload':
    case 'releaseWorkload':
      return false;
  }
}
