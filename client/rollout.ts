/** Reading the Rollout a user hands in: an object, YAML text, or a file with line and column for each problem. */
import { readFile } from 'node:fs/promises';
import type { Plan } from '../domain/plan.ts';
import { SluiceError } from './errors.ts';

/** A Rollout that can be released. `namespace` and `name` as the object says them. */
export type ReadRollout = { readonly plan: Plan; readonly name?: string; readonly namespace?: string };

/** Reads an object or YAML text. Throws `InvalidRollout` or `BadInput` with every problem in the message. */
export async function readRollout(rollout: unknown): Promise<ReadRollout> {
  if (typeof rollout === 'string') return await readText(rollout, 'rollout');
  const { parseRollout } = await import('../spec/rollout.ts');
  const { plan, problems } = parseRollout(rollout);
  if (plan === undefined) throw refused(problems.map(({ path, message }) => (path ? `${path}: ${message}` : message)));
  return { plan, ...identity(rollout) };
}

/** Reads a file (`-` is standard input) that holds exactly one Rollout, among other objects or alone. */
export async function readRolloutFile(file: string): Promise<ReadRollout & { readonly name: string }> {
  let text: string;
  try {
    text = file === '-' ? await standardInput() : await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as { code?: string };
    const why =
      { ENOENT: 'there is no such file', EISDIR: 'it is a folder', EACCES: 'you may not read it' }[code ?? ''] ??
      String(error);
    throw new SluiceError('BadInput', `${file}: ${why}.`, { cause: error });
  }
  const read = await readText(text, file === '-' ? 'stdin' : file);
  if (read.name === undefined) throw new SluiceError('BadInput', `${file}: the Rollout has no metadata.name.`);
  return { ...read, name: read.name };
}

async function readText(text: string, file: string): Promise<ReadRollout> {
  const [{ LineCounter, parseAllDocuments }, { parseRollout }, { parsePath }] = await Promise.all([
    import('yaml'),
    import('../spec/rollout.ts'),
    import('../spec/path.ts'),
  ]);
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number, message: string) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}: ${message}`;
  };
  const broken = [...documents].flatMap(({ errors }) => errors.map(({ pos, message }) => at(pos[0], message)));
  if (broken.length > 0) throw new SluiceError('BadInput', broken.join('\n'));
  const found = [...documents].filter((document) => isRollout(document.get?.('kind')));
  const [document] = found;
  if (document === undefined || found.length > 1) {
    const where = found.map(({ range }) => lines.linePos(range?.[0] ?? 0).line).join(', ');
    const message =
      document === undefined
        ? 'there is no Rollout in it'
        : `there are ${found.length} Rollouts in it (at lines ${where}): give one`;
    throw new SluiceError('BadInput', `${file}: ${message}.`);
  }
  const object: unknown = document.toJS();
  const { plan, problems } = parseRollout(object);
  if (plan !== undefined) return { plan, ...identity(object) };
  throw refused(
    problems.map(({ path, message }) =>
      at(offsetOf(document, parsePath(path ?? '')), path ? `${path}: ${message}` : message),
    ),
  );
}

type Placed = {
  readonly range?: readonly number[] | null;
  getIn(path: readonly (string | number)[], keepScalar: true): unknown;
};

/** Where the field is; for one that is missing, where the nearest thing around it is. */
function offsetOf(document: Placed, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] | null } | undefined;
    if (node?.range) return node.range[0] ?? 0;
  }
  return document.range?.[0] ?? 0;
}

function isRollout(kind: unknown): boolean {
  return kind === 'Rollout';
}

function identity(object: unknown): { name?: string; namespace?: string } {
  const { name, namespace } = (object as { metadata?: { name?: unknown; namespace?: unknown } } | null)?.metadata ?? {};
  return { ...(typeof name === 'string' && { name }), ...(typeof namespace === 'string' && { namespace }) };
}

function refused(lines: readonly string[]): SluiceError {
  return new SluiceError('InvalidRollout', lines.join('\n'));
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
