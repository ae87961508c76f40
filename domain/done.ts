/** Taking in what an action brought. */
import type { Action } from './decide.ts';
import type { Facts, ReleaseState } from './release.ts';

/** What the activities answer; each action reads the part that is its own. */
export type Brought = { readonly podTemplateHash?: string; readonly deployment?: string; readonly ready?: number };

/**
 * The state after `action` was carried out to its end. `now` in ms since the epoch. What it did to the cluster always
 * counts; the release goes on from it only where it still stands where it took the action: a jump, a retry or another
 * ending may have come in between.
 */
export function done(before: ReleaseState, action: Action, brought: Brought, now: number): ReleaseState {
  const { blocked: _, ...state } = before;
  switch (action.do) {
    case 'upgrade': {
      const { observation: _, ...rest } = state;
      const upgraded: ReleaseState = {
        ...rest,
        upgraded: action.pods,
        podTemplateHash: brought.podTemplateHash ?? state.podTemplateHash,
        canaryDeployment: brought.deployment ?? state.canaryDeployment,
        progressAt: now,
        failing: false,
      };
      if (state.stepState === 'StepPaused') return { ...upgraded, repair: 'traffic' };
      return state.stepState === 'StepUpgrade'
        ? { ...upgraded, stepState: 'StepTrafficRouting', since: now }
        : upgraded;
    }
    case 'route': {
      const { observation: _, routing: __, ...rest } = state;
      const routed = { ...rest, routed: action.step };
      if (state.stepState === 'StepPaused') return withoutRepair(routed);
      return state.stepState === 'StepTrafficRouting'
        ? { ...routed, stepState: 'StepMetricsAnalysis', since: now }
        : routed;
    }
    case 'unroute': {
      const { observation: _, ...rest } = withoutRepair(unrouted(state));
      return { ...rest, stepState: 'StepUpgrade', since: now, progressAt: now };
    }
    case 'setPaused': {
      // Asked for the opposite meanwhile: that is still to be written.
      if (state.wantPaused !== action.paused) return state;
      const { wantPaused: _, ...rest } = state;
      return rest;
    }
    case 'finalise': {
      const { finalise } = state;
      if (finalise === undefined || finalise.reason !== action.reason)
        return action.step === 'routeToStable' ? unrouted(state) : state;
      const { observation: _, ...rest } = state;
      const after: ReleaseState = { ...rest, finalise: { ...finalise, next: finalise.next + 1 } };
      if (action.step === 'routeToStable') return unrouted(after);
      return action.step === 'resumeWorkload' ? { ...after, resumed: true } : after;
    }
    case 'finishOlder':
    case 'wait':
    case 'restart':
    case 'end':
      return state;
  }
}

/** What is known of the cluster once `action` was carried out: its pods need no look to be counted, and shown. */
export function seenAfter(facts: Facts, action: Action, { deployment, ready }: Brought): Facts {
  if (action.do !== 'upgrade' || deployment === undefined) return facts;
  const { pods } = action;
  return { ...facts, canary: { name: deployment, desired: pods, updated: pods, ready: ready ?? pods } };
}

function unrouted(state: ReleaseState): ReleaseState {
  const { routing: _, ...rest } = state;
  return { ...rest, routed: 0 };
}

function withoutRepair(state: ReleaseState): ReleaseState {
  const { repair: _, ...rest } = state;
  return rest;
}
