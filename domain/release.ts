/** Where a release stands, and what can be seen of the cluster: the two things every decision is made from. */
import type { Decision } from './commands.ts';
import type { Plan, Switches } from './plan.ts';
import type { Problem } from './problems.ts';
import type { StepState } from './view.ts';

/** Why a release is being brought to an end. */
export type FinaliseReason = 'Success' | 'Rollback' | 'Abort' | 'Supersede' | 'Disabled' | 'Deleted' | 'WorkloadGone';

export type FinaliseStep =
  | 'restoreStableService'
  | 'routeToStable'
  | 'removeCanaryService'
  | 'putBack'
  | 'resumeWorkload'
  | 'releaseWorkload';

/** A version of the workload that has (or had) pods. */
export type Version = {
  /** Digest of the pod template: what makes two versions the same. */
  readonly revision: string;
  /** The `pod-template-hash` of its ReplicaSet: what selects its pods. */
  readonly podTemplateHash: string;
  readonly images: readonly string[];
};

/** What was last heard about a wait under way, from the activity that waits. */
export type Observation = {
  readonly ready: number;
  readonly updated: number;
  /** What is missing and why, as a sentence; empty when nothing is known to be wrong. */
  readonly problem: string;
  /** ms since the epoch: when this problem (or this number of ready pods) was first seen. */
  readonly since: number;
};

export type Stage = 'Initializing' | 'Rolling' | 'Aborted' | 'Finalising';

/**
 * Re-doing a step's effects while it waits, since something outside has changed them; `back`: requests are taken back
 * from a version that has no pod to answer them.
 */
export type Repair = 'pods' | 'traffic' | 'back';

export type ReleaseState = {
  readonly stage: Stage;
  /** The last plan that made sense; a nonsensical edit does not stop a release from being rolled back. */
  readonly plan?: Plan;
  /** The version being released. Empty until the release has looked. */
  readonly revision: string;
  readonly images: readonly string[];
  readonly stable?: Version;
  /** 1-based. */
  readonly step: number;
  readonly stepState: StepState;
  /** ms since the epoch: when `stepState` was entered; the zero of the step's timed pause. */
  readonly since: number;
  /** ms since the epoch: when the step made progress last; the zero of its deadline. */
  readonly progressAt: number;
  /** The step (1-based) that has been approved; 0 for none. */
  readonly approved: number;
  /** New-version pods that the last finished upgrade asked for. Never shrinks within a release. */
  readonly upgraded: number;
  readonly podTemplateHash: string;
  readonly canaryDeployment: string;
  /** The step whose split is in the routes; 0 when all requests go to the stable version. */
  readonly routed: number;
  /** A split is being written: an action given up may have written it all the same. */
  readonly routing?: true;
  readonly repair?: Repair;
  /** The drift that was seen last is being, or has been, put right. */
  readonly driftTaken?: true;
  /** `before`: generation of the workload before the release changed it last; what is no newer says nothing since. */
  readonly finalise?: { readonly reason: FinaliseReason; readonly next: number; readonly before?: number };
  /** The hold on the workload has been taken off: the native controller is rolling. */
  readonly resumed: boolean;
  /** Pause asked for by a command, not yet written to (or without) a Rollout object. */
  readonly wantPaused?: boolean;
  /** Undo asked for: put the stable template back. */
  readonly wantUndo?: boolean;
  readonly failing: boolean;
  /** What was asked of the cluster and is refused until somebody mends it. */
  readonly blocked?: string;
  readonly observation?: Observation;
  readonly decisions: readonly Decision[];
};

/** What a look at the cluster showed. Small: it crosses into the workflow's history. */
export type Facts = {
  /** The Rollout object's plan, or the one the release was started with; absent when it makes no sense. */
  readonly plan?: Plan;
  readonly problems: readonly Problem[];
  readonly switches: Switches;
  /** There is a Rollout object to show status on and take wishes from. */
  readonly attached: boolean;
  /** `status.phase` as it stands in the Rollout object; empty without one. */
  readonly shownPhase: string;
  /** metadata.generation of the Rollout. */
  readonly generation: number;
  readonly workload?: {
    readonly replicas: number;
    readonly revision: string;
    readonly images: readonly string[];
    /** Carries our hold: paused, with the in-progressing annotation. */
    readonly held: boolean;
    readonly generation: number;
    readonly progressDeadlineSeconds: number;
    /** The rollout ID label, when the user set one. */
    readonly rolloutId: string;
    /** Versions with pods other than the one in the template, oldest first. */
    readonly older: readonly Version[];
    /** An earlier version is being finished, and the one to release waits for its turn beside the template. */
    readonly queued: boolean;
    /** The template's own version has pods under the workload itself (it is, or was, rolled out natively). */
    readonly current?: Version;
  };
  /** Pods of the canary Deployment, as its status counts them. */
  readonly canary?: {
    readonly name: string;
    readonly desired: number;
    readonly updated: number;
    readonly ready: number;
  };
  /** Something of ours is not as the current step left it. */
  readonly drifted: boolean;
  /** Wishes written into the object's status by people or tools, not yet taken in. */
  readonly input?: { readonly approve?: number; readonly jump?: number; readonly by: string };
};

export function newRelease(now: number): ReleaseState {
  return {
    stage: 'Initializing',
    revision: '',
    images: [],
    step: 1,
    stepState: 'BeforeStepUpgrade',
    since: now,
    progressAt: now,
    approved: 0,
    upgraded: 0,
    podTemplateHash: '',
    canaryDeployment: '',
    routed: 0,
    resumed: false,
    failing: false,
    decisions: [],
  };
}

/** The most decisions kept with a running release; older ones stay in Temporal's history. */
const kept = 100;

export function withDecision(state: ReleaseState, decision: Omit<Decision, 'step' | 'revision'>): ReleaseState {
  const line = { ...decision, step: state.step, revision: state.revision };
  return { ...state, decisions: [...state.decisions, line].slice(-kept) };
}
