/** What people tell a release, and what it answers. */

export type CommandName = 'approve' | 'pause' | 'resume' | 'abort' | 'retry' | 'undo' | 'jump';

/** Where a command came from; shown in the history beside who gave it. */
export type CommandSource = 'cli' | 'api' | 'kubectl' | 'signal' | 'chat';

/**
 * One command. `step` (1-based) and `revision` bind it to what its author saw: when given, it is refused (update)
 * or dropped with a note (signal) if the release has moved on, so a late click approves nothing else.
 */
export type Command = {
  readonly by: string;
  readonly via: CommandSource;
  readonly reason?: string;
  readonly step?: number;
  readonly revision?: string;
  /** Only for `jump`: the step (1-based) to go to. */
  readonly to?: number;
};

/** Accepted: what the release does now, as one line for a terminal. */
export type Answer = { readonly message: string; readonly step: number; readonly revision: string };

/** Why a command was refused; also the `type` of the ApplicationFailure that carries the refusal. */
export type RefusalCode =
  | 'NotWaiting'
  | 'OtherStep'
  | 'OtherRevision'
  | 'AlreadyPaused'
  | 'NotPaused'
  | 'Aborted'
  | 'NotAborted'
  | 'Finishing'
  | 'NoSuchStep'
  | 'OtherPlan'
  | 'BadCommand';

export type Refusal = { readonly code: RefusalCode; readonly message: string };

/** One line of a release's record: who decided (or what rule), what, why, when. */
export type Decision = {
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly what: string;
  readonly by: string;
  readonly via: CommandSource | 'sluice';
  readonly reason?: string;
  readonly step: number;
  readonly revision: string;
};
