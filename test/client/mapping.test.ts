import { describe, expect, it } from '@jest/globals';
import {
  QueryNotRegisteredError,
  ServiceError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, NamespaceNotFoundError, WorkflowNotFoundError } from '@temporalio/common';
import { exitCodeOf } from '../../client/cli/exit.ts';
import { releaseCodes, SluiceError, type SluiceErrorCode } from '../../client/errors.ts';
import { type Attempt, toSluiceError } from '../../client/mapping.ts';

const attempt: Attempt = {
  of: 'rollout default/echoserver',
  kind: 'command',
  address: 'temporal:7233',
  temporalNamespace: 'prod',
  taskQueue: 'sluice',
  seconds: 2,
};

/** What the SDK throws for a gRPC status, as far as it is looked at. */
function grpc(code: number, details: string): ServiceError {
  const cause = Object.assign(new Error(details), { code, details, metadata: {} });
  return new ServiceError('Failed', { cause });
}

describe('what Temporal throws', () => {
  it('keeps the code of every refusal and problem', () => {
    for (const code of releaseCodes) {
      const thrown = new WorkflowUpdateFailedError('x', ApplicationFailure.nonRetryable('no', code));
      expect(toSluiceError(thrown, attempt)).toMatchObject({ code, message: 'rollout default/echoserver: no' });
    }
  });

  it('does not name the rollout twice', () => {
    const thrown = new WorkflowUpdateFailedError(
      'x',
      ApplicationFailure.nonRetryable('Rollout default/echoserver is not there', 'OtherPlan'),
    );
    expect(toSluiceError(thrown, attempt).message).toBe('Rollout default/echoserver is not there');
  });

  const cases: [unknown, SluiceErrorCode, string | RegExp][] = [
    [
      new WorkflowUpdateFailedError('x', ApplicationFailure.nonRetryable('closed', 'AcceptedUpdateCompletedWorkflow')),
      'NotRunning',
      'ended before it could answer',
    ],
    [new WorkflowUpdateFailedError('x', ApplicationFailure.nonRetryable('no', 'FromTheFuture')), 'Refused', 'no'],
    [new WorkflowUpdateFailedError('x', undefined), 'Refused', 'rollout default/echoserver'],
    [new WorkflowUpdateRPCTimeoutOrCancelledError('late'), 'NoWorker', 'Whether the command counts is not known'],
    [new WorkflowNotFoundError('workflow not found for ID', 'w', undefined), 'NoSuchRelease', 'namespace "prod"'],
    [new WorkflowNotFoundError('workflow execution already completed', 'w', undefined), 'NotRunning', 'has ended'],
    [new NamespaceNotFoundError('prod'), 'NoSuchNamespace', 'TEMPORAL_NAMESPACE'],
    [new QueryNotRegisteredError('no status', 3), 'Stuck', 'another version'],
    [grpc(14, 'no connection'), 'Unreachable', 'Temporal does not answer at temporal:7233 (no connection)'],
    [grpc(4, 'deadline'), 'NoWorker', 'sluice worker'],
    [grpc(9, 'no poller seen for task queue recently, worker may be down'), 'NoWorker', 'task queue "sluice"'],
    [grpc(9, 'Unable to query workflow due to Workflow Task in failed state.'), 'Stuck', 'cannot go on'],
    [grpc(3, 'invalid query: no mapping for search attribute RolloutPhase'), 'NoWorker', 'search attributes'],
    [grpc(7, 'not yours'), 'Denied', 'TEMPORAL_API_KEY'],
    [grpc(16, 'who are you'), 'Denied', 'does not let you in'],
    [grpc(8, 'rate limit'), 'Unreachable', 'try again'],
    [grpc(12, 'Received HTTP status code 404'), 'Unreachable', 'is not Temporal'],
    [grpc(5, 'Namespace prod is not found.'), 'NoSuchNamespace', 'prod'],
    [grpc(13, 'boom'), 'ServerError', 'boom'],
    [new Error('odd'), 'ServerError', 'odd'],
    ['a string', 'ServerError', 'a string'],
    [undefined, 'ServerError', 'undefined'],
  ];
  it.each(cases)('becomes an error of ours: %s → %s', (thrown, code, message) => {
    const error = toSluiceError(thrown, attempt);
    expect(error).toMatchObject({ name: 'SluiceError', code });
    expect(error.message).toContain(message);
  });

  it('is Temporal’s silence, not a worker’s, when no worker was asked', () => {
    expect(toSluiceError(grpc(4, 'deadline'), { ...attempt, kind: 'server' }).code).toBe('Unreachable');
  });

  it('is left alone when it is ours already', () => {
    const error = new SluiceError('Timeout', 'late');
    expect(toSluiceError(error, attempt)).toBe(error);
  });
});

describe('exit codes', () => {
  it('tell scripts what to do next', () => {
    const codes: [SluiceErrorCode, number][] = [
      ['NotWaiting', 1],
      ['WorkloadNotFound', 1],
      ['Refused', 1],
      ['BadInput', 2],
      ['InvalidRollout', 2],
      ['Timeout', 3],
      ['NoSuchRelease', 4],
      ['NotRunning', 4],
      ['NoWorker', 5],
      ['Unreachable', 5],
      ['Denied', 5],
      ['ServerError', 6],
    ];
    for (const [code, exit] of codes) expect([code, exitCodeOf(new SluiceError(code, 'x'))]).toEqual([code, exit]);
    expect(exitCodeOf(new Error('x'))).toBe(6);
  });
});
