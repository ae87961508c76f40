import { LineCounter, parseAllDocuments, type Document as YamlDocument } from 'yaml';
import type { Problem } from '../domain/problems.ts';
import { Field } from './field.ts';
import { nearest, type UnknownField, unknownFields, valueHint } from './hints.ts';
import { group } from './keys.ts';
import { locate, type Position, positionOf } from './locate.ts';
import { formatPath, type Path, parsePath } from './path.ts';
import { type ParsedRollout, parseRollout } from './rollout.ts';

/** The largest file that is read, in bytes: the API server takes no larger object. */
export const maxFileSize = 1024 * 1024;
const maxAliasCount = 100;

/** A problem with its place in the file, and what may have been meant. */
export type Located = Problem & { readonly file: string; readonly hint?: string } & Position;

/** One object of a file; `kind: List` gives one for each item. */
export type Document = {
  readonly file: string;
  readonly line: number;
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** As written; absent when it could not be read. */
  readonly object?: unknown;
  /** For a Rollout. */
  readonly rollout?: ParsedRollout;
  readonly problems: readonly Located[];
  /** Fields that no Rollout has: they would be dropped. */
  readonly warnings: readonly Located[];
};

/**
 * Reads a YAML (or JSON) file with any number of documents. What is wrong comes as problems with line and column,
 * never as an exception: syntax errors, files over 1 MiB, aliases without end, and all that {@link parseRollout} says
 * about a Rollout. Objects of other kinds are handed on unread.
 */
export function parseFile(text: string, filename: string): Document[] {
  const failed = (message: string, position: Position = { line: 1, column: 1 }): Document => ({
    file: filename,
    line: position.line,
    problems: [{ code: 'InvalidRollout', message, file: filename, ...position }],
    warnings: [],
  });
  const size = Buffer.byteLength(text);
  if (size > maxFileSize) return [failed(`the file has ${size} bytes; at most ${maxFileSize} are read`)];
  try {
    const lines = new LineCounter();
    const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true });
    const documents: readonly YamlDocument[] = Array.isArray(parsed) ? parsed : [];
    return documents.flatMap((document) => readDocument(document, lines, filename, failed));
  } catch (error) {
    // Nesting without end exhausts the stack of the parser.
    return [failed(`the file cannot be read as YAML: ${readable((error as Error).message)}`)];
  }
}

/** `app.yaml:12:9: spec.strategy.canary.steps[0].traffic: message (hint)`: one line for a terminal. */
export function formatLocated({ file, line, column, path, message, hint }: Located): string {
  const place = path === undefined || message.startsWith(path) ? '' : `${path}: `;
  return `${file}:${line}:${column}: ${place}${message}${hint === undefined ? '' : ` (${hint})`}`;
}

type Failed = (message: string, position?: Position) => Document;

function readDocument(document: YamlDocument, lines: LineCounter, file: string, failed: Failed): Document[] {
  // One slip makes a parser see many errors; only the first is worth reading.
  const [error] = document.errors;
  if (error !== undefined) return [failed(readable(error.message), positionOf(error.pos[0], lines))];
  let object: unknown;
  try {
    object = document.toJS({ maxAliasCount });
    JSON.stringify(object);
  } catch {
    return [failed('aliases (*name) are nested too deep or refer to themselves', locate(document, [], lines))];
  }
  if (object === null || object === undefined) return [];
  const items = new Field(object, [], []).at('items');
  const bases: Path[] =
    new Field(object, [], []).at('kind').value === 'List' && Array.isArray(items.value)
      ? items.value.map((_, index) => ['items', index])
      : [[]];
  return bases.map((base) => readObject(document, base, new Field(object, [], []).at(...base).value, lines, file));
}

function readObject(document: YamlDocument, base: Path, object: unknown, lines: LineCounter, file: string): Document {
  const at = (path: Path): Position => locate(document, [...base, ...path], lines);
  const field = new Field(object, [], []);
  const text = (...keys: string[]): string | undefined => {
    const { value } = field.at(...keys);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [apiVersion, kind] = [text('apiVersion'), text('kind')];
  const [namespace, name] = [text('metadata', 'namespace'), text('metadata', 'name')];
  const head = {
    file,
    line: at([]).line,
    ...(apiVersion !== undefined && { apiVersion }),
    ...(kind !== undefined && { kind }),
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(object !== undefined && { object }),
  };
  const ours = kind === 'Rollout' || apiVersion?.startsWith(`${group}/`) === true;
  if (!ours && apiVersion !== undefined && kind !== undefined) return { ...head, problems: [], warnings: [] };
  if (ours && kind !== undefined && kind !== 'Rollout' && nearest(kind, ['Rollout']) === undefined) {
    // Another kind of the group, such as BatchRelease.
    return { ...head, problems: [], warnings: [] };
  }
  const rollout = parseRollout(object);
  const problems = [...rollout.problems, ...missingHead(head)];
  const unknown = unknownFields(object);
  return {
    ...head,
    rollout,
    problems: problems.map((problem) => place(problem, object, unknown, file, at)),
    warnings: unknown.map(({ path, meant }) => ({
      code: 'InvalidRollout' as const,
      message: 'unknown field; it would be dropped',
      path: formatPath(path),
      file,
      ...at(path),
      ...(meant !== undefined && { hint: `did you mean ${meant}?` }),
    })),
  };
}

function missingHead(head: {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
}): Problem[] {
  const problems: Problem[] = [];
  const missing = (path: string): void =>
    void problems.push({ code: 'InvalidRollout', message: `${path} is required`, path });
  if (head.apiVersion === undefined) missing('apiVersion');
  if (head.kind === undefined) missing('kind');
  if (head.name === undefined) missing('metadata.name');
  return problems;
}

/** A missing field is looked for under a misspelt name first, and shown there. */
function place(
  problem: Problem,
  object: unknown,
  unknown: readonly UnknownField[],
  file: string,
  at: (path: Path) => Position,
): Located {
  const path = parsePath(problem.path ?? '');
  const absent = !new Field(object, [], []).at(...path).present;
  const slip = unknown.find(
    ({ path: other, meant }) => absent && meant === path[other.length - 1] && sameStart(other, path, other.length - 1),
  );
  if (slip !== undefined) {
    return { ...problem, file, ...at(slip.path), hint: `did you mean ${slip.meant} instead of ${slip.path.at(-1)}?` };
  }
  const hint = valueHint(object, path);
  return { ...problem, file, ...at(path), ...(hint !== undefined && { hint }) };
}

function sameStart(one: Path, other: Path, length: number): boolean {
  return one.slice(0, length).every((segment, index) => segment === other[index]);
}

/** The parser's own words, but for the exhausted stack of deep nesting. */
function readable(message: string): string {
  return message.includes('call stack') ? 'lists or maps are nested too deep' : message;
}
