/** What Temporal itself knows of a release, without a worker: search attributes, memo, how it ended. */
import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { ReleaseResult } from '../domain/view.ts';
import { searchAttributes, type Target } from '../workflows/messages.ts';
import { targetOfWorkflow } from './context.ts';

/** `Completed` says that the workflow came to its own end: `result` tells which. */
export type RunStatus = 'Running' | 'Completed' | 'Failed' | 'Cancelled' | 'Terminated' | 'TimedOut' | 'Superseded';

/** One release, as Temporal's visibility shows it. It may be some seconds behind the release itself. */
export type ReleaseSummary = {
  readonly target: Target;
  readonly workflowId: string;
  readonly runId: string;
  readonly status: RunStatus;
  /** Where its workers listen. */
  readonly taskQueue: string;
  /** RFC 3339, as all times here. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly phase?: string;
  readonly revision?: string;
  /** 1-based. */
  readonly step?: number;
  /** Who started it, and why; from the memo. */
  readonly startedBy?: string;
  readonly reason?: string;
  /** How it ended; only where it was asked for and the release came to its own end. */
  readonly result?: ReleaseResult;
  /** What fails and is tried again, as a sentence; only where the one release was asked for. */
  readonly retrying?: string;
  /** Why a release that did not come to its own end ended. */
  readonly failure?: string;
};

const keys = {
  phase: defineSearchAttributeKey(searchAttributes.phase, 'KEYWORD'),
  revision: defineSearchAttributeKey(searchAttributes.revision, 'KEYWORD'),
  step: defineSearchAttributeKey(searchAttributes.step, 'INT'),
};

const statuses: Record<string, RunStatus> = {
  RUNNING: 'Running',
  PAUSED: 'Running',
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
  TERMINATED: 'Terminated',
  TIMED_OUT: 'TimedOut',
  CONTINUED_AS_NEW: 'Superseded',
};

/** The summary of one execution; undefined when its ID is none of ours. */
export function summaryOf(info: Omit<WorkflowExecutionInfo, 'raw'>): ReleaseSummary | undefined {
  const target = targetOfWorkflow(info.workflowId);
  if (target === undefined) return undefined;
  const attributes = info.typedSearchAttributes;
  const more = {
    endedAt: info.closeTime?.toISOString(),
    phase: attributes.get(keys.phase),
    revision: attributes.get(keys.revision),
    step: attributes.get(keys.step),
    startedBy: text(info.memo?.startedBy),
    reason: text(info.memo?.reason),
  };
  return {
    target,
    workflowId: info.workflowId,
    runId: info.runId,
    status: statuses[info.status.name] ?? 'Failed',
    taskQueue: info.taskQueue,
    startedAt: info.startTime.toISOString(),
    ...(definedOnly(more) as Partial<ReleaseSummary>),
  };
}

/** Activities that failed and are tried again. What waits without failing is in the view instead. */
export function retryingOf({ raw }: Pick<WorkflowExecutionDescription, 'raw'>): string | undefined {
  for (const { activityType, attempt, lastFailure } of raw.pendingActivities ?? []) {
    if ((attempt ?? 1) < 2 || !lastFailure?.message) continue;
    const times = (attempt ?? 2) - 1;
    return `"${activityType?.name}" failed ${times === 1 ? 'once' : `${times} times`} and is tried again: ${lastFailure.message}`;
  }
  const tasks = raw.pendingWorkflowTask?.attempt ?? 1;
  if (tasks > 2) return `the workflow's own code failed ${tasks - 1} times and is tried again: see the worker's log`;
  return undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function definedOnly(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
