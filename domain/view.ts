/**
 * What a release shows of itself. One value feeds `kubectl get rollout`, the CLI, the API and Temporal's UI, so that
 * all of them name the same step, the same thing awaited and the same next event.
 */
import type { Decision } from './commands.ts';
import type { Plan } from './plan.ts';

export type Phase = 'Initial' | 'Healthy' | 'Progressing' | 'Terminating' | 'Disabling' | 'Disabled';

export type StepState =
  | 'BeforeStepUpgrade'
  | 'StepUpgrade'
  | 'StepTrafficRouting'
  | 'StepMetricsAnalysis'
  | 'StepPaused'
  | 'StepReady'
  | 'Completed';

/** Reason of the `Progressing` condition. */
export type ProgressingReason = 'Initializing' | 'InRolling' | 'Paused' | 'Finalising' | 'Cancelling' | 'Completed';

export type AwaitedKind =
  | 'approval'
  | 'timer'
  | 'pods'
  | 'traffic'
  | 'resume'
  | 'fix'
  | 'decision'
  | 'workload'
  | 'nothing';

/** What a release waits for. Times are RFC 3339. */
export type Awaited = {
  readonly kind: AwaitedKind;
  /** A sentence: what is awaited, and why it is not there yet where that is known. */
  readonly what: string;
  readonly since: string;
  /** What happens when it arrives. */
  readonly next: string;
  /** When the wait ends by itself, or is reported as failing. */
  readonly by?: string;
};

/** How a release ended; also the workflow's result. */
export type Outcome = 'Completed' | 'RolledBack' | 'Superseded' | 'Disabled' | 'Deleted' | 'NothingToDo';

export type ReleaseView = {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** Temporal workflow and run: the release's address. */
  readonly workflowId: string;
  readonly runId: string;
  readonly startedAt: string;
  readonly phase: Phase;
  readonly reason: ProgressingReason;
  readonly aborted: boolean;
  readonly paused: boolean;
  /** True once `progressDeadlineSeconds` passed without progress. */
  readonly failing: boolean;
  /** 1-based. */
  readonly step: number;
  readonly steps: number;
  readonly stepState: StepState;
  /** The line `kubectl get rollout` shows. */
  readonly message: string;
  readonly awaited: Awaited;
  readonly stableRevision: string;
  readonly canaryRevision: string;
  readonly podTemplateHash: string;
  readonly images: { readonly stable: readonly string[]; readonly canary: readonly string[] };
  readonly replicas: number;
  readonly canary: {
    readonly deployment: string;
    readonly desired: number;
    readonly updated: number;
    readonly ready: number;
  };
  /** Percent of requests for the new version now in the routes. */
  readonly traffic: number;
  readonly plan: Plan;
  readonly decisions: readonly Decision[];
  readonly outcome?: Outcome;
};

/** The workflow's result. */
export type ReleaseResult = {
  readonly outcome: Outcome;
  readonly message: string;
  readonly stableRevision: string;
  readonly canaryRevision: string;
  readonly decisions: readonly Decision[];
};

/** `rollout/<cluster>/<namespace>/<name>`: one running release per target, guaranteed by Temporal. */
export function workflowIdOf(target: { cluster: string; namespace: string; name: string }): string {
  return `rollout/${target.cluster}/${target.namespace}/${target.name}`;
}
