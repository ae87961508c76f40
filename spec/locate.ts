import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from 'yaml';
import type { Path } from './path.ts';

/** A place in a text, both counted from 1. */
export type Position = { readonly line: number; readonly column: number };

/** The position of an offset in the text. */
export function positionOf(offset: number, lines: LineCounter): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/**
 * Where a path stands in a YAML document: at the value if that is one word, at the key if it is a block, and at the
 * key of the innermost block that is there if the field itself is missing.
 */
export function locate(document: Document, path: Path, lines: LineCounter): Position {
  let node: unknown = document.contents;
  let offset = start(node) ?? document.range?.[0] ?? 0;
  for (const segment of path) {
    if (isAlias(node)) node = node.resolve(document);
    const found = child(node, segment);
    if (found === undefined) break;
    offset = found.offset;
    node = found.node;
  }
  return positionOf(offset, lines);
}

function child(
  node: unknown,
  segment: string | number,
): { readonly node: unknown; readonly offset: number } | undefined {
  if (isSeq(node) && typeof segment === 'number') {
    const item = node.items[segment];
    const offset = start(item);
    return offset === undefined ? undefined : { node: item, offset };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment)) as Pair | undefined;
  if (pair === undefined) return undefined;
  const word = isScalar(pair.value) && pair.value.value !== null ? start(pair.value) : undefined;
  const offset = word ?? start(pair.key);
  return offset === undefined ? undefined : { node: pair.value, offset };
}

function start(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
