/** Reading one release: from its worker where one answers, else what Temporal knows by itself. */
import type { ReleaseResult, ReleaseView } from '../domain/view.ts';
import { statusQuery, type Target } from '../workflows/messages.ts';
import { type Context, handleOf, naming, type TargetRef, targetOf, within } from './context.ts';
import { SluiceError } from './errors.ts';
import { type Attempt, toSluiceError } from './mapping.ts';
import { type ReleaseSummary, retryingOf, summaryOf } from './summary.ts';

/**
 * A release as far as it can be seen now. `view` is absent when no worker answered; `trouble` then says why. A release
 * that has ended is seen too: `summary.status` and `summary.result` tell how.
 */
export type Sighting = {
  readonly summary: ReleaseSummary;
  readonly view?: ReleaseView;
  readonly trouble?: SluiceError;
};

/** The words of an error about `target`. */
export function attemptOn(context: Context, of: string | Target, kind: Attempt['kind'], ms: number): Attempt {
  const { connection, options } = context.client;
  return {
    of: typeof of === 'string' ? of : naming(of),
    kind,
    address: (connection as { options?: { address?: string } }).options?.address ?? 'its address',
    temporalNamespace: options.namespace,
    taskQueue: context.taskQueue,
    seconds: ms / 1000,
  };
}

/** Runs a call to Temporal alone (no worker needed), with the server's deadline and our errors. */
export async function ask<T>(context: Context, of: string | Target, call: () => Promise<T>): Promise<T> {
  try {
    return await within(context, context.serverTimeout, call);
  } catch (error) {
    throw toSluiceError(error, attemptOn(context, of, 'server', context.serverTimeout));
  }
}

/** The newest release of the target (or one run of it). Throws `NoSuchRelease`; a silent worker is no error here. */
export async function look(context: Context, ref: TargetRef, runId?: string): Promise<Sighting> {
  const target = targetOf(context, ref);
  const asked = queryStatus(context, target, runId);
  asked.catch(() => undefined);
  const summary = await describe(context, target, runId);
  const result = summary.status === 'Running' ? {} : await ending(context, target, summary);
  try {
    return { summary: { ...summary, ...result }, view: await asked };
  } catch (error) {
    const { taskQueue } = summary;
    const attempt = { ...attemptOn(context, target, 'query', context.queryTimeout), taskQueue };
    return { summary: { ...summary, ...result }, trouble: toSluiceError(error, attempt) };
  }
}

/** The view of the newest release. Throws `NoSuchRelease`, or `NoWorker` (with the summary) when no worker answers. */
export async function get(context: Context, ref: TargetRef): Promise<ReleaseView> {
  const { view, summary, trouble } = await look(context, ref);
  if (view !== undefined) return view;
  throw new SluiceError(trouble?.code ?? 'NoWorker', trouble?.message ?? 'no worker answered', {
    summary,
    cause: trouble,
  });
}

/** What Temporal knows of the target's newest run, or of one run. Throws `NoSuchRelease`. */
export async function describe(context: Context, target: Target, runId?: string): Promise<ReleaseSummary> {
  const info = await ask(context, target, () => handleOf(context, target, runId).describe());
  const retrying = retryingOf(info);
  return { ...(summaryOf(info) as ReleaseSummary), ...(retrying && { retrying }) };
}

/** How a run that is not running any more ended. */
export async function ending(
  context: Context,
  target: Target,
  { runId, status }: ReleaseSummary,
): Promise<{ result: ReleaseResult } | { failure: string } | Record<string, never>> {
  if (status === 'Running' || status === 'Superseded') return {};
  try {
    const call = () =>
      context.client.workflow.result(handleOf(context, target).workflowId, runId, { followRuns: false });
    return { result: (await within(context, context.serverTimeout, call)) as ReleaseResult };
  } catch (error) {
    const { message, cause } = error as { message?: string; cause?: { message?: string } };
    return { failure: cause?.message ?? message ?? String(error) };
  }
}

function queryStatus(context: Context, target: Target, runId?: string): Promise<ReleaseView> {
  return within(context, context.queryTimeout, () => handleOf(context, target, runId).query(statusQuery));
}
