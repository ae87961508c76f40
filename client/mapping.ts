/** From what the SDK throws to {@link SluiceError}: the one place that knows Temporal's errors. */
import {
  isGrpcServiceError,
  QueryNotRegisteredError,
  QueryRejectedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, NamespaceNotFoundError, WorkflowNotFoundError } from '@temporalio/common';
import { isSluiceError, releaseCodes, SluiceError, type SluiceErrorCode } from './errors.ts';

/** What was being done when it went wrong: the words of the message. */
export type Attempt = {
  /** The object: `rollout default/echoserver`, or `releases` for a list. */
  readonly of: string;
  /** `command` and `start` change something, `query` and `server` ask: a worker, or Temporal alone. */
  readonly kind: 'start' | 'command' | 'query' | 'server';
  readonly address: string;
  readonly temporalNamespace: string;
  readonly taskQueue: string;
  /** Seconds that were allowed. */
  readonly seconds: number;
};

// gRPC status codes, which the SDK does not export.
const grpc = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** Anything thrown by an SDK call, as a SluiceError. Never throws. */
export function toSluiceError(error: unknown, attempt: Attempt): SluiceError {
  if (isSluiceError(error)) return error;
  const made = (code: SluiceErrorCode, message: string) => new SluiceError(code, message, { cause: error });
  if (error instanceof WorkflowUpdateFailedError) return refusal(error, attempt);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return made('NoWorker', silence(attempt));
  if (error instanceof NamespaceNotFoundError) return made('NoSuchNamespace', noNamespace(attempt));
  if (error instanceof WorkflowNotFoundError) {
    if (/already completed/i.test(error.message)) return made('NotRunning', `${attempt.of}: its release has ended.`);
    return made('NoSuchRelease', noRelease(attempt));
  }
  if (error instanceof QueryRejectedError) return made('NotRunning', `${attempt.of}: its release has ended.`);
  if (error instanceof QueryNotRegisteredError) {
    return made(
      'Stuck',
      `${attempt.of}: the worker that answered runs another version of Sluice and cannot say how the release stands. Update the workers.`,
    );
  }
  return fromGrpc(error, attempt, made);
}

function refusal(error: WorkflowUpdateFailedError, attempt: Attempt): SluiceError {
  const { cause } = error;
  if (!(cause instanceof ApplicationFailure)) {
    return new SluiceError('Refused', `${attempt.of}: ${cause?.message ?? error.message}`, { cause: error });
  }
  if (cause.type === 'AcceptedUpdateCompletedWorkflow') {
    return new SluiceError('NotRunning', `${attempt.of}: the release ended before it could answer.`, { cause: error });
  }
  const known = cause.type != null && releaseCodes.has(cause.type);
  const code = known ? (cause.type as SluiceErrorCode) : 'Refused';
  return new SluiceError(code, named(cause.message, attempt.of), { cause: error });
}

/** Releases name themselves in most answers; where one does not, its name is put in front. */
function named(message: string, of: string): string {
  const name = of.split(' ').at(-1) ?? of;
  return message.includes(name) ? message : `${of}: ${message}`;
}

function fromGrpc(
  error: unknown,
  attempt: Attempt,
  made: (code: SluiceErrorCode, message: string) => SluiceError,
): SluiceError {
  const { code, details } = grpcOf(error);
  switch (code) {
    case grpc.UNAVAILABLE:
      return made('Unreachable', unreachable(attempt, details));
    case grpc.DEADLINE_EXCEEDED:
    case grpc.CANCELLED:
      if (attempt.kind === 'server')
        return made('Unreachable', unreachable(attempt, `no answer within ${attempt.seconds} s`));
      return made('NoWorker', silence(attempt));
    case grpc.FAILED_PRECONDITION:
      if (/no poller|not.*polled/i.test(details)) return made('NoWorker', silence(attempt));
      return made(
        'Stuck',
        `${attempt.of}: the release cannot go on (${details}). Its workflow in Temporal's UI shows the failed task; a fixed worker takes it up again.`,
      );
    case grpc.NOT_FOUND:
      return /namespace/i.test(details)
        ? made('NoSuchNamespace', noNamespace(attempt))
        : made('NoSuchRelease', noRelease(attempt));
    case grpc.PERMISSION_DENIED:
    case grpc.UNAUTHENTICATED:
      return made(
        'Denied',
        `Temporal at ${attempt.address} does not let you in (${details}): check TEMPORAL_API_KEY, or the certificate in TEMPORAL_TLS_CLIENT_CERT_PATH, for namespace "${attempt.temporalNamespace}".`,
      );
    case grpc.RESOURCE_EXHAUSTED:
      return made('Unreachable', `Temporal at ${attempt.address} is busy (${details}): try again in a moment.`);
    case grpc.UNIMPLEMENTED:
      return made(
        'Unreachable',
        `What answers at ${attempt.address} is not Temporal (${details}): correct TEMPORAL_ADDRESS.`,
      );
    case grpc.INVALID_ARGUMENT:
      if (/search attribute/i.test(details)) {
        return made(
          'NoWorker',
          `Temporal namespace "${attempt.temporalNamespace}" does not know Sluice's search attributes yet: a worker registers them when it starts (\`sluice worker\`).`,
        );
      }
      if (/failed state|workflow task/i.test(details))
        return made('Stuck', `${attempt.of}: the release cannot go on (${details}). A fixed worker takes it up again.`);
      return made('ServerError', `${attempt.of}: Temporal refused the request: ${details}`);
    default:
      return made('ServerError', `${attempt.of}: ${details || messageOf(error)}`);
  }
}

/** The gRPC status somewhere down the chain of causes. */
export function grpcOf(error: unknown): { code: number | undefined; details: string } {
  for (let at = error, depth = 0; at != null && depth < 8; at = (at as { cause?: unknown }).cause, depth += 1) {
    if (isGrpcServiceError(at)) return { code: at.code, details: at.details || at.message };
  }
  return { code: undefined, details: '' };
}

function silence(attempt: Attempt): string {
  const who = `no worker on task queue "${attempt.taskQueue}" answered within ${attempt.seconds} s`;
  const start = 'Start one with `sluice worker`, or see why those there are silent';
  if (attempt.kind === 'query' || attempt.kind === 'server') return `${attempt.of}: ${who}. ${start}.`;
  const sure = attempt.kind === 'start' ? 'Whether the release begins' : 'Whether the command counts';
  return `${attempt.of}: ${who}. ${sure} is not known: ${start.toLowerCase()}, then look with \`sluice get\` before you try again.`;
}

function unreachable(attempt: Attempt, why: string): string {
  return `Temporal does not answer at ${attempt.address} (${why}). Set TEMPORAL_ADDRESS, or start the embedded stack with \`sluice dev up\`.`;
}

function noNamespace(attempt: Attempt): string {
  return `Temporal at ${attempt.address} has no namespace "${attempt.temporalNamespace}": set TEMPORAL_NAMESPACE, or make it with \`temporal operator namespace create -n ${attempt.temporalNamespace}\`.`;
}

function noRelease(attempt: Attempt): string {
  return `${attempt.of}: no release of that name is known to Temporal namespace "${attempt.temporalNamespace}". \`sluice list --all-namespaces --all\` shows those that are.`;
}

function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : String(error);
}
