/** Many releases at once, from Temporal's visibility: those under way, and those that were. */
import type { ReleaseResult } from '../domain/view.ts';
import { releaseWorkflow, searchAttributes } from '../workflows/messages.ts';
import { type Context, handleOf, type TargetRef, targetOf } from './context.ts';
import { SluiceError } from './errors.ts';
import { ask, describe, ending, look } from './read.ts';
import { type ReleaseSummary, summaryOf } from './summary.ts';

/** Which releases. */
export type ListOptions = {
  readonly namespace?: string;
  /** Only releases in this phase, e.g. `Progressing`. */
  readonly phase?: string;
  /** Ended ones too. */
  readonly all?: boolean;
  /** At most so many, newest first. Default 500. */
  readonly limit?: number;
  /** How the newest so many ended ones ended: one request each. Default 0. */
  readonly results?: number;
};

/**
 * Releases newest first. Visibility is written after the fact: what began, moved or ended within the last second or so
 * may be missing or shown as it was. {@link get} is exact.
 */
export async function list(context: Context, options: ListOptions = {}): Promise<ReleaseSummary[]> {
  const { namespace, phase, all = false, limit = 500, results = 0 } = options;
  const prefix = `rollout/${context.cluster}/${namespace === undefined ? '' : `${namespace}/`}`;
  const conditions = [
    `WorkflowType = ${quoted(releaseWorkflow)}`,
    `WorkflowId STARTS_WITH ${quoted(prefix)}`,
    ...(all ? [] : [`ExecutionStatus = 'Running'`]),
    ...(phase === undefined ? [] : [`${searchAttributes.phase} = ${quoted(phase)}`]),
  ];
  const found = await query(context, 'releases', conditions.join(' AND '), limit);
  // A cluster called "a/b" has "a" as a prefix of its IDs.
  const ours = found.filter(({ target }) => target.cluster === context.cluster);
  const ended = new Set(ours.filter(({ status }) => status !== 'Running').slice(0, results));
  return await Promise.all(
    ours.map(async (one) => (ended.has(one) ? { ...one, ...(await ending(context, one.target, one)) } : one)),
  );
}

/** What {@link history} tells of one release. */
export type HistoryOptions = {
  /** At most so many releases. Default 20. */
  readonly limit?: number;
};

/** One release of a target's history. `result` is there for every release that came to its own end. */
export type PastRelease = ReleaseSummary & { readonly seconds?: number };

/** All releases of a target that Temporal still keeps, newest first. Throws `NoSuchRelease`. */
export async function history(context: Context, ref: TargetRef, options: HistoryOptions = {}): Promise<PastRelease[]> {
  const target = targetOf(context, ref);
  const { limit = 20 } = options;
  const { workflowId } = handleOf(context, target);
  // The newest run is read directly: visibility may not show it yet, or still show it running.
  const newest = await describe(context, target);
  const listed = await query(context, workflowId, `WorkflowId = ${quoted(workflowId)}`, limit);
  const runs = [newest, ...listed.filter(({ runId }) => runId !== newest.runId)].slice(0, limit);
  return await Promise.all(
    runs.map(async (run) => {
      const ended =
        run.endedAt === undefined ? undefined : (Date.parse(run.endedAt) - Date.parse(run.startedAt)) / 1000;
      return { ...run, ...(await ending(context, target, run)), ...(ended !== undefined && { seconds: ended }) };
    }),
  );
}

/** One release with its decisions: `run` is a run ID, the beginning or end of one, or `last`. */
export type ReleaseRecord = {
  readonly summary: ReleaseSummary;
  readonly decisions: ReleaseResult['decisions'];
  readonly trouble?: SluiceError;
};

/** Who decided what, why and when in one release. `trouble` when a worker was needed to tell and none answered. */
export async function record(context: Context, ref: TargetRef, run: string): Promise<ReleaseRecord> {
  const runs = await history(context, ref, { limit: 1000 });
  // Run IDs begin with the time, so that only their ends tell two releases of the same minute apart.
  const matching =
    run === 'last' ? runs.slice(0, 1) : runs.filter(({ runId }) => runId.startsWith(run) || runId.endsWith(run));
  if (matching.length > 1)
    throw new SluiceError('BadInput', `"${run}" means ${matching.length} releases: give more of the ID.`);
  const [chosen] = matching;
  if (chosen === undefined)
    throw new SluiceError(
      'NoSuchRelease',
      `${ref.namespace}/${ref.name} has no release "${run}": \`sluice history ${ref.name} -n ${ref.namespace}\` lists them.`,
    );
  if (chosen.result !== undefined) return { summary: chosen, decisions: chosen.result.decisions };
  const { view, trouble } = await look(context, ref, chosen.runId);
  return { summary: chosen, decisions: view?.decisions ?? [], ...(view === undefined && trouble && { trouble }) };
}

async function query(context: Context, of: string, text: string, limit: number): Promise<ReleaseSummary[]> {
  return await ask(context, of, async () => {
    const found: ReleaseSummary[] = [];
    for await (const info of context.client.workflow.list({ query: text, pageSize: Math.min(limit, 200) })) {
      const summary = summaryOf(info);
      if (summary !== undefined) found.push(summary);
      if (found.length >= limit) break;
    }
    return found.sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  });
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
