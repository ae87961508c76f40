/** Following one release: as a stream of what changes, or until it ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, naming, type TargetRef, targetOf } from './context.ts';
import { isSluiceError, SluiceError } from './errors.ts';
import { grpcOf, toSluiceError } from './mapping.ts';
import { attemptOn, describe, ending, look, type Sighting } from './read.ts';
import type { ReleaseSummary } from './summary.ts';

/** How closely to follow. */
export type WatchOptions = {
  /** ms between two looks. Default 500. A look leaves nothing in the release's history. */
  readonly interval?: number;
  readonly signal?: AbortSignal;
  /** Go on with the next release of the target when one ends. Default false: the iteration ends with the release. */
  readonly follow?: boolean;
};

/**
 * Yields the release as it is, then each time it changed. While no worker (or no Temporal) answers, it goes on looking
 * and yields what is known, with `trouble`. Ends with the release; throws only `NoSuchRelease` and `BadInput`.
 */
export async function* watch(
  context: Context,
  ref: TargetRef,
  options: WatchOptions = {},
): AsyncGenerator<Sighting, void, void> {
  const { interval = 500, signal, follow = false } = options;
  let last: Sighting | undefined;
  while (signal?.aborted !== true) {
    const seen = await patient(context, ref, last);
    if (seen !== undefined && fingerprint(seen) !== (last && fingerprint(last))) {
      last = seen;
      yield seen;
    }
    if (!follow && seen !== undefined && seen.summary.status !== 'Running' && seen.summary.status !== 'Superseded')
      return;
    await sleep(interval, undefined, signal && { signal }).catch(() => undefined);
  }
}

async function patient(context: Context, ref: TargetRef, last: Sighting | undefined): Promise<Sighting | undefined> {
  try {
    return await look(context, ref);
  } catch (error) {
    if (!isSluiceError(error) || error.code === 'BadInput' || (error.code === 'NoSuchRelease' && last === undefined))
      throw error;
    if (last === undefined) throw error;
    return { ...last, trouble: error };
  }
}

function fingerprint({ summary, view, trouble }: Sighting): string {
  // Search attributes trail behind the view: that they caught up is no change of the release.
  return JSON.stringify([
    summary.runId,
    summary.status,
    view ?? summary,
    trouble?.code,
    summary.retrying?.replace(/\d+ times/, ''),
  ]);
}

/** How long to wait. */
export type WaitOptions = {
  /** ms; default for ever. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
};

/**
 * Waits until the release has ended, without polling and without needing a worker, and tells how. A release superseded
 * by the next one is followed into it. Throws `Timeout`, which says what the release was waiting for.
 */
export async function wait(context: Context, ref: TargetRef, options: WaitOptions = {}): Promise<ReleaseSummary> {
  const target = targetOf(context, ref);
  const until = options.timeout === undefined ? Number.POSITIVE_INFINITY : Date.now() + options.timeout;
  for (;;) {
    const summary = await describe(context, target);
    if (summary.status !== 'Running') {
      const how = await ending(context, target, summary);
      const superseded = summary.status === 'Superseded' || ('result' in how && how.result.outcome === 'Superseded');
      if (!superseded || (await describe(context, target)).runId === summary.runId) return { ...summary, ...how };
      continue;
    }
    if (options.signal?.aborted === true || Date.now() >= until) throw await late(context, ref, options);
    await closed(context, summary, Math.min(until, Date.now() + 30_000), options.signal);
  }
}

/** Returns when the run has ended, or at `until`. */
async function closed(
  context: Context,
  { workflowId, runId, target }: ReleaseSummary,
  until: number,
  signal?: AbortSignal,
): Promise<void> {
  const { connection, workflow } = context.client;
  const call = () => connection.withDeadline(until, () => workflow.result(workflowId, runId, { followRuns: false }));
  try {
    await (signal === undefined ? call() : connection.withAbortSignal(signal, call));
  } catch (error) {
    const { code } = grpcOf(error);
    if (code === undefined || code === 1 || code === 4) return;
    const mapped = toSluiceError(error, attemptOn(context, target, 'server', context.serverTimeout));
    if (mapped.code !== 'Unreachable') throw mapped;
    await sleep(500);
  }
}

async function late(context: Context, ref: TargetRef, { timeout = 0 }: WaitOptions): Promise<SluiceError> {
  const { view, summary } = await look(context, ref);
  const where = view === undefined ? '' : ` It is at step ${view.step}/${view.steps} and waits: ${view.awaited.what}`;
  const dot = where === '' || /[.!?]$/.test(where) ? '' : '.';
  return new SluiceError(
    'Timeout',
    `${naming(targetOf(context, ref))}: not ended within ${timeout / 1000} s.${where}${dot}`,
    { summary },
  );
}
