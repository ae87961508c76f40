/** Taking in what an action brought. */
import type { Action } from './decide.ts';
import type { ReleaseState } from './release.ts';

/** What the activities answer; each action reads the part that is its own. */
export type Brought = { readonly podTemplateHash?: string; readonly deployment?: string; readonly ready?: number };

/** The state after `action` was carried out to its end. `now` in ms since the epoch. */
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
      return { ...upgraded, stepState: 'StepTrafficRouting', since: now };
    }
    case 'route': {
      const routed = { ...state, routed: action.step };
      if (state.stepState === 'StepPaused') return withoutRepair(routed);
      return { ...routed, stepState: 'StepMetricsAnalysis', since: now };
    }
    case 'unroute':
      return { ...state, routed: 0, stepState: 'StepUpgrade', since: now, progressAt: now };
    case 'setPaused': {
      const { wantPaused: _, ...rest } = state;
      return rest;
    }
    case 'finalise': {
      const { finalise } = state;
      if (finalise === undefined) return state;
      const after: ReleaseState = { ...state, finalise: { ...finalise, next: finalise.next + 1 } };
      if (action.step === 'routeToStable') return { ...after, routed: 0 };
      if (action.step === 'resumeWorkload') return { ...after, resumed: true };
      if (action.step === 'putBack') {
        const { wantUndo: _, ...rest } = after;
        return rest;
      }
      return after;
    }
    case 'wait':
    case 'restart':
    case 'end':
      return state;
  }
}

function withoutRepair(state: ReleaseState): ReleaseState {
  const { repair: _, ...rest } = state;
  return rest;
}
