/** Everything that the ways in can fail with: one class, a stable code, words a person can act on. */
import type { RefusalCode } from '../domain/commands.ts';
import type { ProblemCode } from '../domain/problems.ts';
import type { ReleaseSummary } from './summary.ts';

/**
 * Refusals and problems come from the release itself; the rest is between here and it:
 *
 * - `Refused`: the release said no, with a code that this version of Sluice does not know.
 * - `NoSuchRelease`: nothing of that name was ever released, or Temporal has forgotten it (retention).
 * - `NotRunning`: the last release of that name has ended, and the command needs one under way.
 * - `NoWorker`: Temporal answers, but no `sluice worker` does.
 * - `Stuck`: the release's workflow cannot go on (its last workflow task failed).
 * - `Unreachable`, `NoSuchNamespace`, `Denied`: Temporal does not answer, does not know the namespace, does not let us in.
 * - `Timeout`: what was waited for did not come in time.
 * - `BadInput`: what the caller gave makes no sense; nothing was sent.
 * - `ServerError`: anything else Temporal answered.
 */
export type SluiceErrorCode =
  | RefusalCode
  | ProblemCode
  | 'Refused'
  | 'NoSuchRelease'
  | 'NotRunning'
  | 'NoWorker'
  | 'Stuck'
  | 'Unreachable'
  | 'NoSuchNamespace'
  | 'Denied'
  | 'Timeout'
  | 'BadInput'
  | 'ServerError';

/** Thrown by every method of the client. `message` names the object, what is wrong with it and what to do. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: SluiceErrorCode;
  /** What is known of the release without asking a worker; with `NoWorker` and `NotRunning`, where there is one. */
  readonly summary?: ReleaseSummary;

  constructor(code: SluiceErrorCode, message: string, more: { cause?: unknown; summary?: ReleaseSummary } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    if (more.summary !== undefined) this.summary = more.summary;
  }
}

/** Also true for a SluiceError of another copy of this module, or of another realm. */
export function isSluiceError(error: unknown): error is SluiceError {
  const it = error as { name?: unknown; code?: unknown; message?: unknown } | null | undefined;
  return it?.name === 'SluiceError' && typeof it.code === 'string' && typeof it.message === 'string';
}

/** Every refusal and problem a release can answer with; the `type` of the ApplicationFailure that carries it. */
export const releaseCodes: ReadonlySet<string> = new Set<RefusalCode | ProblemCode>([
  'NotWaiting',
  'OtherStep',
  'OtherRevision',
  'AlreadyPaused',
  'NotPaused',
  'Aborted',
  'NotAborted',
  'Finishing',
  'NoSuchStep',
  'OtherPlan',
  'BadCommand',
  'InvalidRollout',
  'Unsupported',
  'Conflict',
  'WorkloadNotFound',
  'ServiceNotFound',
  'RouteNotFound',
  'RouteNotUsable',
  'StableUnknown',
  'RouteRejected',
  'Forbidden',
  'PodsNotReady',
]);
