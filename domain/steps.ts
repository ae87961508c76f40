/** The steps of a release: for each its pods, then its routes, then its pause, and all of that put right when it changes. */
import type { Action, Decided } from './decide.ts';
import { endFor, finalising } from './ending.ts';
import { movesTraffic, type Plan, podsFor, type Step } from './plan.ts';
import type { Facts, ReleaseState, Repair } from './release.ts';

/**
 * Requests go back as soon as the new version has no pod to answer them, paused or not, and the step begins again. Only
 * what is known to be seen since the pods were last ready counts: a look for drift, and what a wait for pods reports.
 */
export function mustUnroute(state: ReleaseState, facts: Facts): boolean {
  if (state.stage !== 'Rolling' || !maySend(state)) return false;
  if (state.repair === 'back' || facts.workload?.replicas === 0) return true;
  const { stepState, observation } = state;
  const awaited = stepState === 'StepUpgrade' || state.repair === 'pods';
  if (awaited && observation?.ready === 0 && observation.updated > 0) return true;
  const sent = stepState === 'StepPaused' || stepState === 'StepMetricsAnalysis';
  return sent && hasDrifted(state, facts) && (facts.canary?.ready ?? 0) === 0;
}

/** What to do next in the steps; the end of the last one is the beginning of the release's end. */
export function rolling(state: ReleaseState, facts: Facts, now: number): Decided {
  const plan = state.plan as Plan;
  const replicas = facts.workload?.replicas ?? 0;
  let at = state;
  for (;;) {
    const step = plan.steps[at.step - 1] as Step;
    const pods = Math.max(podsFor(step.replicas, replicas), atLeast(at, replicas, plan));
    const upgrade: Action = { do: 'upgrade', step: at.step, pods };
    const route: Action = { do: 'route', step: at.step };
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
        if (sends) return { state: { ...at, routing: true }, action: route };
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
        if (at.repair === 'traffic') return { state: { ...at, routing: true }, action: route };
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

/** Something the release made is being put right. */
export function repairing(state: ReleaseState, facts: Facts, repair: Repair): ReleaseState {
  return { ...state, repair, ...(facts.drifted ? { driftTaken: true } : {}) };
}

/** A drift is put right once: the same look, or a look in the middle of it, is no reason to begin again. */
function hasDrifted(state: ReleaseState, facts: Facts): boolean {
  return facts.drifted && state.driftTaken !== true;
}

/** May requests be going to the new version? */
function maySend(state: ReleaseState): boolean {
  return state.routed !== 0 || state.routing === true;
}
