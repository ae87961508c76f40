/** `list`: releases under way, or all that Temporal keeps. */
import type { Sighting } from '../../read.ts';
import type { Io } from '../io.ts';
import { type Format, structured } from '../output.ts';
import { withSluice } from '../session.ts';
import { type CommonOptions, namespaceOf } from '../settings.ts';
import { type Cell, clean, painter, table } from '../text.ts';
import { age, away } from '../time.ts';
import { statusOf } from '../tree/status.ts';

export type ListOptions = CommonOptions & {
  readonly allNamespaces?: boolean;
  readonly all?: boolean;
  readonly phase?: string;
  readonly output?: Format;
};

// Each release that is asked costs a worker a query; a long list is a list of what visibility knows.
const asked = 50;

/** Prints the table; what it says of running releases comes from their worker where there are few enough to ask. */
export async function list(io: Io, options: ListOptions): Promise<void> {
  const namespace = options.allNamespaces === true ? undefined : await namespaceOf(options, io.env);
  await withSluice(io, options, async ({ sluice }) => {
    const filter = {
      ...(namespace && { namespace }),
      ...(options.phase && { phase: options.phase }),
      all: options.all === true,
      results: asked,
    };
    const found = await sluice.list(filter);
    const running = found.filter(({ status }) => status === 'Running').slice(0, asked);
    const live = new Map<string, Sighting>();
    await Promise.all(
      running.map(async ({ target, runId }) => {
        const seen = await sluice.look(target).catch(() => undefined);
        if (seen !== undefined) live.set(runId, seen);
      }),
    );
    const seen = found.map((summary): Sighting => live.get(summary.runId) ?? { summary });
    if (options.output !== undefined)
      return io.out(
        structured(
          seen.map(({ summary, view }) => view ?? summary),
          options.output,
        ),
      );
    if (seen.length === 0) return io.err(`${none(namespace, options)}\n`);
    io.out(`${rowsOf(io, options, seen)}\n`);
    const silent = seen.find(({ trouble }) => trouble !== undefined)?.trouble;
    if (silent !== undefined)
      io.err(`! Shown from search attributes, which may be a moment behind. ${silent.message}\n`);
  });
}

function none(namespace: string | undefined, { all, phase }: ListOptions): string {
  const where = namespace === undefined ? 'in any namespace' : `in namespace ${namespace} (-A for all namespaces)`;
  const which = phase === undefined ? '' : ` in phase ${phase}`;
  return all === true
    ? `No releases${which} ${where}.`
    : `No releases under way${which} ${where}. --all shows ended ones too.`;
}

function rowsOf(io: Io, options: ListOptions, seen: readonly Sighting[]): string {
  const now = io.now();
  const rows = seen.map((one): Cell[] => {
    const { summary, view } = one;
    const status = statusOf(one);
    return [
      { text: summary.target.namespace },
      { text: summary.target.name },
      { text: `${status.icon} ${status.word}`, colour: status.colour },
      { text: view === undefined ? String(summary.step ?? '') : view.steps === 0 ? '' : `${view.step}/${view.steps}` },
      { text: view === undefined ? '' : `${view.traffic} %` },
      { text: age(summary.startedAt, now) },
      { text: clean(lastCell(one, now)) },
    ];
  });
  const head = ['NAMESPACE', 'NAME', 'STATUS', 'STEP', 'TRAFFIC', 'AGE', 'WAITS FOR'];
  return table(head, rows, io.tty ? io.size().columns : Number.POSITIVE_INFINITY, painter(options.color && io.tty));
}

function lastCell({ summary, view }: Sighting, now: number): string {
  if (summary.endedAt !== undefined) return `ended ${away(summary.endedAt, now)}`;
  if (view === undefined) return summary.startedBy === undefined ? '' : `(started by ${summary.startedBy})`;
  return view.awaited.kind === 'nothing' ? view.message : `${view.awaited.what} (${age(view.awaited.since, now)})`;
}
