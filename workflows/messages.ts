/**
 * What can be said to a release workflow. Importable by clients and tests: nothing here runs inside the workflow.
 *
 * Every command exists as an update (the caller gets an {@link Answer} or a typed refusal: an ApplicationFailure whose
 * `type` is a RefusalCode) and, under the same name, as a signal, so that `temporal workflow signal --name approve`
 * works too; what a signal asks and cannot have is recorded among the decisions.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Answer, Command, CommandName } from '../domain/commands.ts';
import type { Plan } from '../domain/plan.ts';
import type { Observation } from '../domain/release.ts';
import type { ReleaseView } from '../domain/view.ts';

/** Name under which workers register the release workflow. */
export const releaseWorkflow = 'release';

/** Where a release's task queue is, unless configured. */
export const defaultTaskQueue = 'sluice';

export type Target = { readonly cluster: string; readonly namespace: string; readonly name: string };

/** A change the release itself makes to the workload when it begins: container name → image. */
export type Change = { readonly images: Readonly<Record<string, string>> };

/**
 * What a client asks for with `start`. `plan` is for clusters (or people) without a Rollout object; when a Rollout of
 * that name exists, its own plan must be the same.
 */
export type StartRequest = {
  readonly by: string;
  readonly via: 'cli' | 'api';
  readonly reason?: string;
  readonly plan?: Plan;
  readonly change?: Change;
};

/** "Look again": the watcher saw these versions of the objects. Carries no truth, only the least version to read. */
export type Nudge = { readonly rollout?: string; readonly workload?: string };

export const updates = {
  approve: defineUpdate<Answer, [Command]>('approve'),
  pause: defineUpdate<Answer, [Command]>('pause'),
  resume: defineUpdate<Answer, [Command]>('resume'),
  abort: defineUpdate<Answer, [Command]>('abort'),
  retry: defineUpdate<Answer, [Command]>('retry'),
  undo: defineUpdate<Answer, [Command]>('undo'),
  jump: defineUpdate<Answer, [Command]>('jump'),
} satisfies Record<CommandName, unknown>;

export const signals = {
  approve: defineSignal<[Command?]>('approve'),
  pause: defineSignal<[Command?]>('pause'),
  resume: defineSignal<[Command?]>('resume'),
  abort: defineSignal<[Command?]>('abort'),
  retry: defineSignal<[Command?]>('retry'),
  undo: defineSignal<[Command?]>('undo'),
  jump: defineSignal<[Command?]>('jump'),
} satisfies Record<CommandName, unknown>;

/** Start a release of the target, or retarget the one under way. Sent with `executeUpdateWithStart`. */
export const retargetUpdate = defineUpdate<Answer, [StartRequest]>('retarget');

/** From watchers and waiting activities: look at the cluster again. */
export const nudgeSignal = defineSignal<[Nudge?]>('nudge');

/** The release as it stands. */
export const statusQuery = defineQuery<ReleaseView>('status');

/** Search attributes (registered by `sluice worker` at start) that list releases: see docs/concepts.md. */
export const searchAttributes = {
  target: 'RolloutTarget',
  phase: 'RolloutPhase',
  revision: 'RolloutRevision',
  step: 'RolloutStep',
} as const;

/** From an activity that waits: what it sees. */
export const observationSignal = defineSignal<[Observation]>('observation');

/**
 * Input of the release workflow. `plan` is what a client started it with, carried from run to run when a newer version
 * takes over (continuous release).
 */
export type ReleaseInput = Target & { readonly plan?: Plan };
