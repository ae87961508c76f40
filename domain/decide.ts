/**
 * What a release does next. `decide` looks at where it stands and what can be seen, and answers with one action and
 * the state it is taken in; `done` takes in what the action brought. Both are pure: the workflow only carries them out.
 */
import { endFor, ending, finalising, reconsider } from './ending.ts';
import { podsFor } from './plan.ts';
import type { Facts, FinaliseReason, FinaliseStep, ReleaseState } from './release.ts';
import { mustUnroute, repairing, rolling } from './steps.ts';
import type { AwaitedKind, Outcome } from './view.ts';

export type Action =
  | { readonly do: 'upgrade'; readonly step: number; readonly pods: number }
  | { readonly do: 'route'; readonly step: number }
  | { readonly do: 'unroute'; readonly step: number }
  | { readonly do: 'finishOlder' }
  | { readonly do: 'setPaused'; readonly paused: boolean }
  | { readonly do: 'finalise'; readonly reason: FinaliseReason; readonly step: FinaliseStep }
  | { readonly do: 'wait'; readonly for: AwaitedKind; readonly until?: number }
  | { readonly do: 'restart' }
  | { readonly do: 'end'; readonly outcome: Outcome };

export type Decided = { readonly state: ReleaseState; readonly action: Action };

/** One action and the state it is taken in. `now` in ms since the epoch. */
export function decide(state: ReleaseState, facts: Facts, now: number): Decided {
  const seen = takePlan(state, facts);
  if (seen.finalise !== undefined) {
    const closing = finalising(reconsider(seen, facts), facts, now);
    return closing.state.finalise === undefined ? decide(closing.state, facts, now) : closing;
  }
  if (finishesOlder(seen, facts)) return { state: seen, action: { do: 'finishOlder' } };
  const ended = ending(seen, facts);
  if (ended !== undefined) return finalising(ended, facts, now);
  // Taken also while the release is paused: what was written was shown as taken.
  const told = wishes(seen, facts, now);
  const { driftTaken, ...clean } = told;
  const at = facts.drifted ? told : clean;
  if (mustUnroute(at, facts)) return { state: repairing(at, facts, 'back'), action: { do: 'unroute', step: at.step } };
  const paused = pausing(at, facts);
  if (paused !== undefined) return paused;
  if (at.stage === 'Aborted') return { state: at, action: { do: 'wait', for: 'decision' } };
  if (at.stage === 'Initializing') return initializing(at, facts, now);
  if (facts.workload === undefined) return { state: at, action: { do: 'wait', for: 'fix' } };
  return rolling(replan(at, facts, now), facts, now);
}

/**
 * Two older versions cannot both be "stable" when requests are to be divided between stable and new, so the one that is
 * still rolling out is finished first. Once begun, this is carried through: the version to release is put aside meanwhile.
 */
function finishesOlder(state: ReleaseState, facts: Facts): boolean {
  const { workload, plan } = facts;
  if (state.stage !== 'Initializing' || workload === undefined || plan === undefined) return false;
  if (workload.queued) return true;
  const mixed = workload.held && workload.current === undefined && workload.older.length > 1;
  return mixed && plan.routings.length > 0 && facts.problems.length === 0 && !facts.switches.deleting;
}

/** A plan that makes no sense is shown, not followed: the last good one stays. */
function takePlan(state: ReleaseState, facts: Facts): ReleaseState {
  if (facts.plan === undefined || (state.plan !== undefined && state.stage !== 'Initializing')) return state;
  return { ...state, plan: facts.plan };
}

function pausing(state: ReleaseState, facts: Facts): Decided | undefined {
  if (state.wantPaused !== undefined && facts.attached) {
    if (state.wantPaused !== facts.switches.paused)
      return { state, action: { do: 'setPaused', paused: state.wantPaused } };
    const { wantPaused: _, ...rest } = state;
    return pausing(rest, facts);
  }
  const paused = facts.attached ? facts.switches.paused : state.wantPaused === true;
  if (!paused || state.stage === 'Aborted') return undefined;
  return { state, action: { do: 'wait', for: 'resume' } };
}

function initializing(state: ReleaseState, facts: Facts, now: number): Decided {
  const wait = (kind: AwaitedKind): Decided => ({ state, action: { do: 'wait', for: kind } });
  const nothing: Decided = { state, action: { do: 'end', outcome: 'NothingToDo' } };
  const { workload, plan } = facts;
  // Without a Rollout nobody but its client knows of this release: what is not there is told to them.
  const missing = plan === undefined || workload === undefined;
  if (!facts.attached && missing && state.revision === '') return nothing;
  // A release that nobody remembers has let the workload go, and its remains are still shown: they are cleared away.
  if (workload?.held === false)
    return facts.shownPhase === 'Progressing' ? finalising(endFor(state, facts, 'Success'), facts, now) : nothing;
  if (plan === undefined) return wait('fix');
  if (workload === undefined) return wait('workload');
  if (facts.problems.length > 0) return wait('fix');
  const stable = workload.older[0];
  if (stable === undefined) return wait('workload');
  const begun: ReleaseState = {
    ...state,
    stage: 'Rolling',
    plan,
    revision: workload.revision,
    images: workload.images,
    stable,
    // A release that nobody remembers may have left pods, and requests to them: they are taken over, not taken away.
    upgraded: state.revision === '' ? (facts.canary?.desired ?? 0) : 0,
    step: 1,
    stepState: 'BeforeStepUpgrade',
    since: now,
    progressAt: now,
  };
  return rolling(begun, facts, now);
}

/** Wishes written into the object's status: a jump is taken, an approval counts for its own step only. */
function wishes(state: ReleaseState, facts: Facts, now: number): ReleaseState {
  if (state.stage !== 'Rolling') return state;
  const steps = state.plan?.steps.length ?? 0;
  const { input } = facts;
  if (input?.jump !== undefined && input.jump >= 1 && input.jump <= steps) return jump(state, input.jump, now);
  if (input?.approve === state.step && state.approved !== state.step) return { ...state, approved: state.step };
  return state;
}

/**
 * Goes to `step`, forward or back: pods are never taken away, traffic is what that step says. It always begins at the
 * step's beginning, also with as many pods as there are: they may not be ready any more, and a step that moves no
 * traffic takes it back there.
 */
export function jump(state: ReleaseState, step: number, now: number): ReleaseState {
  if (state.plan?.steps[step - 1] === undefined) return state;
  const { repair: _, observation: __, blocked: ___, ...rest } = state;
  return {
    ...rest,
    step,
    stepState: 'BeforeStepUpgrade',
    approved: 0,
    since: now,
    progressAt: now,
    failing: false,
  };
}

/**
 * An edited plan is taken up at the first step (the current one first, then in order) that has as many new pods as there
 * are now; if that is the next step, the current one counts as passed.
 */
function replan(state: ReleaseState, facts: Facts, now: number): ReleaseState {
  if (facts.plan === undefined || state.plan === undefined) return state;
  // What a release has made or changed it must find again: that part of its plan cannot be exchanged under way.
  const { workload, style, routings, podMetadata, disableGenerateCanaryService } = state.plan;
  const plan = { ...facts.plan, workload, style, routings, podMetadata, disableGenerateCanaryService };
  if (plan.hash === state.plan.hash) return { ...state, plan };
  const replicas = facts.workload?.replicas ?? 0;
  const order = [state.step, ...plan.steps.map((_, index) => index + 1).filter((step) => step !== state.step)];
  const pods = Math.min(state.upgraded, replicas);
  const fits = (step: number) => podsFor(plan.steps[step - 1]?.replicas ?? 0, replicas) >= pods;
  const known = order.filter((step) => step <= plan.steps.length);
  const chosen = known.find(fits) ?? known.at(-1) ?? 1;
  return jump({ ...state, plan }, chosen, now);
}

/** What was seen, without what this decision has taken in: a wish, and a drift that is now being put right. */
export function takenIn(facts: Facts, { state }: Decided): Facts {
  const { input: _, ...rest } = facts;
  return { ...rest, drifted: facts.drifted && state.repair === undefined };
}

/** Is what was seen before this action no ground for the next decision any more, so that another look is needed? */
export function outdates(action: Action): boolean {
  if (action.do === 'finalise') return action.step === 'putBack' || action.step === 'resumeWorkload';
  return action.do === 'setPaused' || action.do === 'route' || action.do === 'finishOlder';
}

/** Actions are the same if carrying out one is carrying out the other: a release does not begin again what it is doing. */
export function sameAction(one: Action, other: Action): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
