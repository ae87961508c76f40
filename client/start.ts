/** Starting a release, or giving the one under way something else to release. */
import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation } from '@temporalio/client';
import type { Answer } from '../domain/commands.ts';
import type { Plan } from '../domain/plan.ts';
import { workflowIdOf } from '../domain/view.ts';
import {
  type ReleaseInput,
  releaseWorkflow,
  retargetUpdate,
  type StartRequest,
  type Target,
} from '../workflows/messages.ts';
import { type Context, naming, targetOf, within } from './context.ts';
import { SluiceError } from './errors.ts';
import { toSluiceError } from './mapping.ts';
import { ask, attemptOn } from './read.ts';
import { readRollout } from './rollout.ts';

/** What to release. With a Rollout object in the cluster, `plan` and `rollout` may be left out. */
export type StartOptions = {
  /** Left out, those of `rollout` count. */
  readonly namespace?: string;
  readonly name?: string;
  readonly cluster?: string;
  readonly by: string;
  readonly reason?: string;
  readonly plan?: Plan;
  /** A Rollout as an object or as YAML, of any version or spelling that Sluice reads; instead of `plan`. */
  readonly rollout?: unknown;
  /** Container name → image: a change that the release itself makes to the workload when it begins. */
  readonly images?: Readonly<Record<string, string>>;
  /** Give the same ID again to repeat a start of unknown fate: it is applied once. Default: a new one. */
  readonly requestId?: string;
};

/** The release's answer, and its address. */
export type Started = Answer & { readonly workflowId: string; readonly runId: string };

/** Starts or retargets. Throws the release's refusal, `BadInput`, `NoWorker`, `Unreachable`, … */
export async function start(context: Context, options: StartOptions): Promise<Started> {
  const { target, request } = await understood(context, options);
  await worker(context, target);
  const requestId = options.requestId ?? randomUUID();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send(context, target, request, requestId);
    } catch (error) {
      const mapped = toSluiceError(error, attemptOn(context, target, 'start', context.commandTimeout));
      // The release that was under way ended just as it was asked: ask again, which starts a new one.
      if (mapped.code !== 'NotRunning' || attempt === 4) throw mapped;
    }
  }
}

async function understood(context: Context, options: StartOptions): Promise<{ target: Target; request: StartRequest }> {
  if (options.by.trim() === '') throw new SluiceError('BadInput', 'start: `by` must say who decides.');
  if (options.plan !== undefined && options.rollout !== undefined) {
    throw new SluiceError('BadInput', 'start: give `plan` or `rollout`, not both.');
  }
  const read = options.rollout === undefined ? undefined : await readRollout(options.rollout);
  const [namespace, name] = [options.namespace ?? read?.namespace ?? 'default', options.name ?? read?.name];
  if (name === undefined) throw new SluiceError('BadInput', 'start: say which rollout, by `name` or `rollout`.');
  const target = targetOf(context, { namespace, name, cluster: options.cluster ?? context.cluster });
  const plan = options.plan ?? read?.plan;
  const request: StartRequest = {
    by: options.by,
    via: context.via,
    ...(options.reason && { reason: options.reason }),
    ...(plan && { plan }),
    ...(options.images && Object.keys(options.images).length > 0 && { change: { images: options.images } }),
  };
  return { target, request };
}

/**
 * Without a worker an update waits, and what Temporal has started by then stays: a typing error in the task queue would
 * leave a release behind that nobody carries out.
 */
async function worker(context: Context, target: Target): Promise<void> {
  const { client, taskQueue } = context;
  const request = { namespace: client.options.namespace, taskQueue: { name: taskQueue }, taskQueueType: 1 };
  const { pollers } = await ask(context, target, () => client.workflowService.describeTaskQueue(request));
  if ((pollers?.length ?? 0) > 0) return;
  throw new SluiceError(
    'NoWorker',
    `${naming(target)}: no worker polls task queue "${taskQueue}", so nothing was started. Start one with \`sluice worker\`, or name the queue of yours with --task-queue.`,
  );
}

async function send(context: Context, target: Target, request: StartRequest, requestId: string): Promise<Started> {
  const workflowId = workflowIdOf(target);
  const input: ReleaseInput = { ...target, ...(request.plan && { plan: request.plan }) };
  const operation = new WithStartWorkflowOperation(releaseWorkflow, {
    workflowId,
    taskQueue: context.taskQueue,
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [input],
    memo: { startedBy: request.by, ...(request.reason && { reason: request.reason }) },
    staticSummary: summaryLine(target, request),
    staticDetails: `Started by ${request.by} (${request.via})${request.reason ? `: ${request.reason}` : ''}`,
  });
  return await within(context, context.commandTimeout, async () => {
    const handle = await context.client.workflow.startUpdateWithStart(retargetUpdate, {
      args: [request],
      updateId: requestId,
      waitForStage: 'ACCEPTED',
      startWorkflowOperation: operation,
    });
    const answer = await handle.result();
    return { ...answer, workflowId, runId: handle.workflowRunId ?? '' };
  });
}

function summaryLine(target: Target, { change }: StartRequest): string {
  const images = Object.entries(change?.images ?? {}).map(([container, image]) => `${container}=${image}`);
  return `release ${target.namespace}/${target.name}${images.length > 0 ? `: ${images.join(', ')}` : ''}`.slice(0, 200);
}
