/**
 * The live tree of one rollout, as text. A pure function: what was seen of the release and of the cluster, and the time,
 * go in; lines come out. Nothing is shown that was not seen.
 */
import type { Sighting } from '../../read.ts';
import { type Cell, clean, cut, type Paint, painter, table, wrap } from '../text.ts';
import { clock } from '../time.ts';
import { branches } from './branches.ts';
import { headerLines } from './header.ts';
import type { ClusterObjects } from './objects.ts';

export type TreeInput = {
  readonly namespace: string;
  readonly name: string;
  /** The newest release; absent when there never was one (or Temporal has forgotten it). */
  readonly seen?: Sighting;
  readonly objects: ClusterObjects;
};

export type TreeStyle = { readonly color: boolean; readonly width: number };

/** The whole picture, without a newline at the end. `now` in ms since the epoch. */
export function renderTree(input: TreeInput, now: number, { color, width }: TreeStyle): string {
  const paint = painter(color);
  const rows = branches(input, now);
  const room = Math.max(width, 40);
  return [
    ...headerLines(input, now, room, paint),
    '',
    ...(rows.length === 0 ? [] : [treeTable(rows, room, paint), '']),
    ...decisionLines(input, now, room, paint),
    ...troubleLines(input, room, paint),
  ]
    .join('\n')
    .trimEnd();
}

/** Columns give way when the terminal is narrow: first the kind, which the icons tell too, then what is nice to know. */
function treeTable(rows: readonly (readonly Cell[])[], width: number, paint: Paint): string {
  const columns = width < 60 ? [0, 2] : width < 110 ? [0, 2, 3, 4] : [0, 1, 2, 3, 4];
  const keep = <T>(row: readonly T[]) => columns.map((column) => row[column] as T);
  return table(keep(['NAME', 'KIND', 'STATUS', 'AGE', 'INFO']), fitNames(rows.map(keep), width), width, paint);
}

/** Names are cut in the middle of the width, so that one long name does not push the status off the screen. */
function fitNames(rows: readonly (readonly Cell[])[], width: number): Cell[][] {
  return rows.map(([name, ...others]) => [
    { ...(name as Cell), text: cut((name as Cell).text, Math.floor(width * 0.5)) },
    ...others,
  ]);
}

function decisionLines({ seen }: TreeInput, now: number, width: number, paint: Paint): string[] {
  const decisions = seen?.view?.decisions ?? seen?.summary.result?.decisions ?? [];
  if (decisions.length === 0) return [];
  const recent = decisions.slice(-3).reverse();
  const lines = recent.map(({ at, what, by, via, reason }) => {
    const why = reason === undefined ? '' : `: ${reason}`;
    return cut(`  ${clock(at, now)}  ${clean(what)} by ${clean(by)} (${via})${clean(why)}`, width);
  });
  const more = decisions.length > recent.length ? ` (last ${recent.length} of ${decisions.length})` : '';
  return [paint('dim', `DECISIONS${more}`), ...lines, ''];
}

function troubleLines({ seen, objects }: TreeInput, width: number, paint: Paint): string[] {
  const stale =
    seen?.trouble === undefined
      ? []
      : [seen.view === undefined ? seen.trouble.message : `Shown as last seen. ${seen.trouble.message}`];
  const partial = objects.problems.map((problem) => `Not shown: ${problem}`);
  return [...stale, ...partial].flatMap((text) =>
    wrap(clean(text), width - 2).map((line, index) => paint('yellow', `${index === 0 ? '!' : ' '} ${line}`)),
  );
}
