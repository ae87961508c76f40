import { ApplicationFailure } from '@temporalio/activity';

/** An answer of the API server that is not a success, or no answer at all (`status` 0). */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly status: number;
  readonly reason: string;
  /** Milliseconds the server asked to wait before another try. */
  readonly retryAfter: number | undefined;

  constructor(message: string, status: number, reason: string, retryAfter?: number) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

/** True for a KubeError of that HTTP status; by shape, since jest loads classes per realm. */
export function isStatus(error: unknown, status: number): boolean {
  return (error as { name?: string; status?: number })?.name === 'KubeError' && (error as KubeError).status === status;
}

/**
 * The failure an activity reports for what went wrong at the API server. What no retry can mend (permission, an object
 * the server calls invalid) is not retried by Temporal but shown to people; everything else is tried again for as long
 * as it takes, at the pace the server asks for.
 */
export function toFailure(error: unknown): unknown {
  const kube = error as KubeError;
  if (kube?.name !== 'KubeError') return error;
  if (kube.status === 401 || kube.status === 403)
    return ApplicationFailure.create({ message: kube.message, type: 'Forbidden', nonRetryable: true });
  if (kube.status === 400 || kube.status === 422)
    return ApplicationFailure.create({ message: kube.message, type: 'Refused', nonRetryable: true });
  return ApplicationFailure.create({
    message: kube.message,
    type: kube.status === 0 ? 'Unreachable' : kube.reason,
    category: 'BENIGN',
    ...(kube.retryAfter === undefined ? {} : { nextRetryDelay: kube.retryAfter }),
  });
}
