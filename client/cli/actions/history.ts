/** `history`: the releases of a rollout, and who decided what in one of them. */
import { SluiceError } from '../../errors.ts';
import type { PastRelease, ReleaseRecord } from '../../list.ts';
import type { Io } from '../io.ts';
import { type Format, structured } from '../output.ts';
import { withSluice } from '../session.ts';
import { type CommonOptions, placeOf } from '../settings.ts';
import { type Cell, clean, painter, table } from '../text.ts';
import { away, clock, span } from '../time.ts';
import { statusOf } from '../tree/status.ts';

export type HistoryOptions = CommonOptions & {
  readonly release?: string;
  readonly limit?: string;
  readonly output?: Format;
};

/** Prints all releases newest first, or one release's decisions oldest first. */
export async function history(io: Io, rollout: string, options: HistoryOptions): Promise<void> {
  const place = await placeOf(rollout, options, io.env);
  const limit = Number(options.limit ?? 20);
  if (!Number.isInteger(limit) || limit < 1)
    throw new SluiceError('BadInput', `--limit must be a number, 1 or more, not "${options.limit}".`);
  await withSluice(io, options, async ({ sluice }) => {
    if (options.release !== undefined) {
      const one = await sluice.record(place, options.release);
      if (options.output !== undefined) return io.out(structured(one, options.output));
      return io.out(`${decisions(io, options, one)}\n`);
    }
    const all = await sluice.history(place, { limit });
    if (options.output !== undefined) return io.out(structured(all, options.output));
    io.out(`${releases(io, options, all)}\n`);
  });
}

function releases(io: Io, options: HistoryOptions, all: readonly PastRelease[]): string {
  const now = io.now();
  const rows = all.map((one): Cell[] => {
    const status = statusOf({ summary: one });
    const running = one.status === 'Running';
    const last = one.result?.decisions.at(-1);
    return [
      { text: one.runId.slice(-8) },
      { text: running ? '◌ Under way' : `${status.icon} ${status.word}`, colour: running ? 'cyan' : status.colour },
      { text: clock(one.startedAt, now) },
      { text: running ? span(now - Date.parse(one.startedAt)) : span((one.seconds ?? 0) * 1000) },
      { text: one.result?.canaryRevision ?? one.revision ?? '' },
      { text: clean(one.failure ?? (last === undefined ? (one.result?.message ?? '') : `${last.what} by ${last.by}`)) },
    ];
  });
  return table(
    ['RELEASE', 'OUTCOME', 'STARTED', 'TOOK', 'REVISION', 'LAST DECISION'],
    rows,
    width(io),
    paint(io, options),
  );
}

function decisions(io: Io, options: HistoryOptions, { summary, decisions: made, trouble }: ReleaseRecord): string {
  const now = io.now();
  const painted = paint(io, options);
  const status = statusOf({ summary });
  const { target, runId, startedAt, endedAt } = summary;
  const state =
    summary.status === 'Running'
      ? 'under way'
      : `${status.word.toLowerCase()} ${endedAt === undefined ? '' : away(endedAt, now)}`;
  const head = `release ${runId.slice(-8)} of ${target.namespace}/${target.name}, begun ${clock(startedAt, now)}, ${state.trim()}`;
  if (trouble !== undefined) return `${head}\n! Its decisions are not known: ${trouble.message}`;
  if (made.length === 0) return `${head}\nNo decisions: it went by its plan.`;
  const rows = made.map(({ at, what, by, via, reason, step }): Cell[] => [
    { text: clock(at, now) },
    { text: String(step) },
    { text: clean(what) },
    { text: `${clean(by)} (${via})` },
    { text: clean(reason ?? '') },
  ]);
  return `${head}\n${table(['WHEN', 'STEP', 'WHAT', 'WHO', 'WHY'], rows, width(io), painted)}`;
}

function width(io: Io): number {
  return io.tty ? io.size().columns : Number.POSITIVE_INFINITY;
}

function paint(io: Io, { color }: CommonOptions) {
  return painter(color && io.tty);
}
