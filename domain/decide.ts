/**
 * What a release does next. `decide` looks at where it stands and what can be seen, and answers with one action and
 * the state it is taken in; `done` takes in what the action brought. Both are pure: the workflow only carries them out.
 */
import { endFor, ending, finalising, reconsider } from './ending.ts';
import { movesTraffic, type Plan, podsFor, type Step } from './plan.ts';
import type { Facts, FinaliseReason, FinaliseStep, ReleaseState, Repair } from './release.ts';
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

/** May requests be going to the new version? */
function maySend(state: ReleaseState): boolean {
  return state.routed !== 0 || state.routing === true;
}

/** A drift is put right once: the same look, or a look in the middle of it, is no reason to begin again. */
function hasDrifted(state: ReleaseState, facts: Facts): boolean {
  return facts.drifted && state.driftTaken !== true;
}

function repairing(state: ReleaseState, facts: Facts, repair: Repair): ReleaseState {
  return { ...state, repair, ...(facts.drifted ? { driftTaken: true } : {}) };
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

/**
 * Requests go back as soon as the new version has no pod to answer them, paused or not, and the step begins again. Only
 * what is known to be seen since the pods were last ready counts: a look for drift, and what a wait for pods reports.
 */
function mustUnroute(state: ReleaseState, facts: Facts): boolean {
  if (state.stage !== 'Rolling' || !maySend(state)) return false;
  if (state.repair === 'back' || facts.workload?.replicas === 0) return true;
  const sent = state.stepState === 'StepPaused' || state.stepState === 'StepMetricsAnalysis';
  if (sent) return hasDrifted(state, facts) && (facts.canary?.ready ?? 0) === 0;
  const { observation } = state;
  return state.stepState === 'StepUpgrade' && observation?.ready === 0 && observation.updated > 0;
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

function rolling(state: ReleaseState, facts: Facts, now: number): Decided {
  const plan = state.plan as Plan;
  const replicas = facts.workload?.replicas ?? 0;
  let at = state;
  for (;;) {
    const step = plan.steps[at.step - 1] as Step;
    const pods = Math.max(podsFor(step.replicas, replicas), atLeast(at, replicas, plan));
    const upgrade: Action = { do: 'upgrade', step: at.step, pods };
    const route: Decided = { state: { ...at, routing: true }, action: { do: 'route', step: at.step } };
    const sends = movesTraffic(step) && plan.routings.length > 0 && pods > 0;
    switch (at.stepState) {
      case 'BeforeStepUpgrade':
        if (!sends && maySend(at)) return { state: at, action: { do: 'unroute', step: at.step } };
        at = { ...at, stepState: 'StepUpgrade', since: now, progressAt: now };
        break;
      case 'StepUpgrade':
        return { state: at, action: upgrade };
      case 'StepTrafficRouting':
        if (at.upgraded < pods) {
          at = { ...at, stepState: 'StepUpgrade' };
          break;
        }
        if (sends) return route;
        at = { ...at, stepState: 'StepMetricsAnalysis' };
        break;
      case 'StepMetricsAnalysis':
        at = { ...at, stepState: 'StepPaused', since: now };
        break;
      case 'StepPaused': {
        const { repair, ...whole } = at;
        if (repair === 'traffic' && !sends) at = whole;
        // Routes wait for all of the step's pods: when some were taken away meanwhile, those come first.
        const drifted = hasDrifted(at, facts) && (at.repair === undefined || facts.canary?.desired !== at.upgraded);
        if (at.upgraded < pods || drifted) at = repairing(at, facts, 'pods');
        if (at.repair === 'pods') return { state: at, action: upgrade };
        if (at.repair === 'traffic') return { ...route, state: { ...at, routing: true } };
        const wait = pauseOf(plan, at, now);
        if (wait !== undefined) return { state: at, action: wait };
        at = { ...at, stepState: 'StepReady' };
        break;
      }
      case 'StepReady': {
        const { observation: _, ...rest } = at;
        if (at.step === plan.steps.length) at = { ...rest, stepState: 'Completed' };
        else
          at = {
            ...rest,
            step: at.step + 1,
            stepState: 'BeforeStepUpgrade',
            since: now,
            progressAt: now,
            failing: false,
          };
        break;
      }
      case 'Completed':
        return finalising(endFor(at, facts, 'Success'), facts, now);
    }
  }
}

/** New pods are never taken away; when the workload itself shrinks, no more are kept than it has. */
function atLeast(state: ReleaseState, replicas: number, plan: Plan): number {
  return plan.style === 'canary' ? Math.min(state.upgraded, replicas) : 0;
}

/** What a reached step still waits for; undefined when it may be left. */
function pauseOf(plan: Plan, state: ReleaseState, now: number): Action | undefined {
  const step = plan.steps[state.step - 1] as Step;
  if (state.approved === state.step) return undefined;
  // OpenKruise's rule: a last step of "100%" has nothing left to approve.
  if (state.step === plan.steps.length && step.replicas === '100%') return undefined;
  if (step.pause.kind === 'approval') return { do: 'wait', for: 'approval' };
  const until = state.since + step.pause.seconds * 1000;
  return now >= until ? undefined : { do: 'wait', for: 'timer', until };
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
