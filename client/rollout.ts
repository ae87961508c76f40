/** Reading the Rollout a user hands in: an object, YAML text, or a file with line and column for each problem. */
import { readFile } from 'node:fs/promises';
import type { Plan } from '../domain/plan.ts';
import type { Document } from '../spec/file.ts';
import { SluiceError } from './errors.ts';

/** A Rollout that can be released. `namespace` and `name` as the object says them. */
export type ReadRollout = {
  readonly plan: Plan;
  readonly name?: string;
  readonly namespace?: string;
  /** Fields that no Rollout has, one line each: nothing that stops a release, and rarely what was meant. */
  readonly warnings: readonly string[];
};

/** Reads an object or YAML text. Throws `InvalidRollout` or `BadInput` with every problem in the message. */
export async function readRollout(rollout: unknown): Promise<ReadRollout> {
  if (typeof rollout === 'string') return await readText(rollout, 'rollout');
  const { parseRollout } = await import('../spec/rollout.ts');
  const { plan, problems } = parseRollout(rollout);
  if (plan === undefined) throw refused(problems.map(({ path, message }) => (path ? `${path}: ${message}` : message)));
  return { plan, warnings: [], ...identity(rollout) };
}

/** Reads a file (`-` is standard input) that holds exactly one Rollout, among other objects or alone. */
export async function readRolloutFile(file: string): Promise<ReadRollout & { readonly name: string }> {
  let text: string;
  try {
    text = file === '-' ? await standardInput() : await readFile(file, 'utf8');
  } catch (error) {
    const known: Record<string, string> = {
      ENOENT: 'there is no such file',
      EISDIR: 'it is a folder',
      EACCES: 'you may not read it',
    };
    const why = known[(error as { code?: string }).code ?? ''] ?? String(error);
    throw new SluiceError('BadInput', `${file}: ${why}.`, { cause: error });
  }
  const read = await readText(text, file === '-' ? 'stdin' : file);
  if (read.name === undefined) throw new SluiceError('BadInput', `${file}: the Rollout has no metadata.name.`);
  return { ...read, name: read.name };
}

async function readText(text: string, file: string): Promise<ReadRollout> {
  const { formatLocated, parseFile } = await import('../spec/file.ts');
  const documents = parseFile(text, file);
  const rollouts = documents.filter(({ rollout }) => rollout !== undefined);
  const problems = documents.flatMap((document) => document.problems);
  if (problems.length > 0) throw refused(problems.map(formatLocated));
  const [found] = rollouts;
  const plan = found?.rollout?.plan;
  if (found === undefined || plan === undefined || rollouts.length > 1) throw notOne(file, rollouts);
  return {
    plan,
    warnings: found.warnings.map(formatLocated),
    ...(found.name && { name: found.name }),
    ...(found.namespace && { namespace: found.namespace }),
  };
}

function notOne(file: string, rollouts: readonly Document[]): SluiceError {
  if (rollouts.length === 0) return new SluiceError('BadInput', `${file}: there is no Rollout in it.`);
  const where = rollouts.map(({ line, name }) => `${name} at line ${line}`).join(', ');
  return new SluiceError('BadInput', `${file}: there are ${rollouts.length} Rollouts in it (${where}): give one.`);
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
