/** The release as one value for people and programs. */
import type { Action } from './decide.ts';
import { present, timestamp } from './present.ts';
import { workloadNotFound } from './problems.ts';
import type { Facts, ReleaseState } from './release.ts';
import { finalPhase } from './status.ts';
import type { Outcome, ReleaseView } from './view.ts';

export type Address = {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly startedAt: string;
  readonly outcome?: Outcome;
};

const nothingSeen: Facts = {
  problems: [],
  switches: { paused: false, disabled: false, deleting: false },
  attached: false,
  shownPhase: '',
  generation: 0,
  drifted: false,
};

const noPlan = {
  workload: { apiVersion: '', kind: '', name: '' },
  style: 'canary',
  steps: [],
  routings: [],
  failureThreshold: 0,
  podMetadata: { labels: {}, annotations: {} },
  disableGenerateCanaryService: false,
  hash: '',
} as const;

export function viewOf(
  state: ReleaseState,
  facts: Facts = nothingSeen,
  action: Action = { do: 'wait', for: 'nothing' },
  address: Address,
): ReleaseView {
  const shown = present(state, facts, action);
  const plan = state.plan ?? facts.plan ?? noPlan;
  const { outcome } = address;
  // Only a wait for pods counts them; others report no more than what is wrong.
  const seen = action.do === 'upgrade' ? state.observation : undefined;
  return {
    ...address,
    phase: outcome === undefined ? shown.phase : finalPhase(state, facts, outcome),
    reason: outcome === undefined ? shown.reason : 'Completed',
    aborted: state.stage === 'Aborted',
    paused: facts.switches.paused || state.wantPaused === true,
    failing: state.failing,
    step: state.step,
    steps: plan.steps.length,
    stepState: shown.stepState,
    message: outcome === undefined ? shown.message : endMessage(state, outcome),
    awaited:
      outcome === undefined
        ? shown.awaited
        : { kind: 'nothing', what: 'nothing', since: timestamp(state.since), next: 'nothing' },
    stableRevision: state.stable?.podTemplateHash ?? '',
    canaryRevision: state.revision,
    podTemplateHash: state.podTemplateHash,
    images: { stable: state.stable?.images ?? [], canary: state.images },
    replicas: facts.workload?.replicas ?? 0,
    canary: {
      deployment: state.canaryDeployment,
      desired: action.do === 'upgrade' ? action.pods : state.upgraded,
      updated: seen?.updated ?? facts.canary?.updated ?? 0,
      ready: seen?.ready ?? facts.canary?.ready ?? 0,
    },
    traffic: state.routed === 0 ? 0 : (plan.steps[state.routed - 1]?.traffic ?? 0),
    plan,
    decisions: state.decisions,
  };
}

function endMessage(state: ReleaseState, outcome: Outcome): string {
  if (state.finalise?.reason === 'WorkloadGone') return workloadNotFound(state.plan?.workload);
  const said: Readonly<Record<Outcome, string>> = {
    Completed: 'Rollout progressing has been completed',
    RolledBack: 'Rollout progressing has been canceled',
    Superseded: 'Rollout progressing has been canceled: another version took over',
    Disabled: 'Rollout is disabled',
    Deleted: 'Rollout was deleted',
    NothingToDo: 'there was nothing to release',
  };
  return said[outcome];
}
