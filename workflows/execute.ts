/** Which activity carries out which action, and what people read about it in the history. */

import type { Done } from '../activities/index.ts';
import type { ProjectRequest } from '../activities/project.ts';
import type { Action } from '../domain/decide.ts';
import type { Brought } from '../domain/done.ts';
import { finaliseSteps } from '../domain/finalise.ts';
import { movesTraffic, type Plan, type Step } from '../domain/plan.ts';
import type { ReleaseState } from '../domain/release.ts';
import * as activities from './activities.ts';
import type { Run } from './run.ts';

/**
 * Carries out an action; `show` is written to the Rollout's status meanwhile. Undefined when the activity was
 * interrupted: the release has other plans.
 */
export async function execute(run: Run, action: Action, show?: ProjectRequest): Promise<Done<Brought>> {
  const { namespace, name } = run.target;
  const { state } = run;
  const showing = show === undefined ? {} : { show };
  switch (action.do) {
    case 'upgrade': {
      const summary = `${where(state)}: ${action.pods} of ${run.known.workload?.replicas ?? 0} pods, ${state.images.join(', ')}`;
      return activities.upgradePods.executeWithOptions({ summary }, [
        { ...scopeOf(run), pods: action.pods, ...showing },
      ]);
    }
    case 'route':
    case 'unroute': {
      const split = splitOf(state, action.do === 'route' ? action.step : 0);
      const summary = `${where(state)}: ${splitText(split)}`;
      return activities.shiftTraffic.executeWithOptions({ summary }, [
        { ...scopeOf(run), split, pods: state.upgraded, canaryHash: state.podTemplateHash, ...showing },
      ]);
    }
    case 'finishOlder': {
      const workload = run.known.plan?.workload.name ?? '';
      const brought = await activities.finishOlder.executeWithOptions(
        { summary: 'an earlier version is finished first' },
        [{ namespace, name: workload, rolloutName: name, ...showing }],
      );
      run.nudge(undefined);
      return brought;
    }
    case 'setPaused':
      await activities.setPaused({ namespace, name, paused: action.paused });
      run.nudge(undefined);
      return {};
    case 'finalise':
      return activities.finalise.executeWithOptions(
        { summary: `${action.reason}: ${finaliseSteps[action.step].says}` },
        [
          {
            namespace,
            name,
            revision: state.revision === '' ? (run.known.workload?.revision ?? '') : state.revision,
            reason: action.reason,
            step: action.step,
            ...(state.plan === undefined ? {} : { plan: state.plan }),
            ...(state.stable === undefined ? {} : { stable: state.stable }),
            ...showing,
          },
        ],
      );
    case 'wait':
    case 'restart':
    case 'end':
      return {};
  }
}

function scopeOf(run: Run) {
  const { state, target } = run;
  if (state.plan === undefined || state.stable === undefined) throw new Error('a release acts only once it has begun');
  return {
    namespace: target.namespace,
    name: target.name,
    plan: state.plan,
    stable: state.stable,
    revision: state.revision,
  };
}

function where(state: ReleaseState): string {
  return `step ${state.step}/${state.plan?.steps.length ?? 0}`;
}

/** The split that `step` asks for; none of the requests for step 0. */
export function splitOf(state: ReleaseState, step: number) {
  const asked = (state.plan as Plan).steps[step - 1];
  if (asked === undefined || !movesTraffic(asked)) return { traffic: 0 };
  return {
    ...(asked.traffic === undefined ? {} : { traffic: asked.traffic }),
    ...(asked.matches === undefined ? {} : { matches: asked.matches }),
    ...(asked.requestHeaderModifier === undefined ? {} : { requestHeaderModifier: asked.requestHeaderModifier }),
  };
}

function splitText(split: Pick<Step, 'traffic' | 'matches'>): string {
  if ((split.matches?.length ?? 0) > 0) return 'matching requests to the new version';
  return `${split.traffic ?? 0} % of requests to the new version`;
}

/** How a waiting release left the cluster; nothing to compare with while it is on its way. */
export function expectedOf(state: ReleaseState) {
  if (state.stage !== 'Rolling' || state.stable === undefined || state.stepState !== 'StepPaused') return undefined;
  return {
    revision: state.revision,
    pods: state.upgraded,
    stableHash: state.stable.podTemplateHash,
    canaryHash: state.podTemplateHash,
    ...(state.routed === 0 ? {} : { split: splitOf(state, state.routed) }),
  };
}
