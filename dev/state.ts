import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DevError } from './errors.ts';
import { membersOf, type ProcessId } from './procfs.ts';
import type { ComponentName, Stack } from './types.ts';

/** What is known of a started component. */
export interface ProcessRecord extends ProcessId {
  /** The full command: a running component whose command would now be another one is restarted. */
  readonly command: string;
  /** For components inside: the namespace they live in. */
  readonly netns?: string;
}

/** Choices that stay with a stack until it is taken down. */
export interface StackOptions {
  readonly dataPlane: boolean;
  readonly audit: boolean;
  readonly temporal: 'file' | 'memory';
}

/** The state file. It is written after every start of a component, so that `down` works after a crash at any point. */
export interface State {
  readonly format: 1;
  readonly options: StackOptions;
  readonly stack: Stack;
  readonly processes: Partial<Record<ComponentName, ProcessRecord>>;
}

/** Reads the state file of the stack in `dir`; undefined when there is none. */
export function readState(dir: string): State | undefined {
  let text: string;
  try {
    text = readFileSync(join(dir, 'state.json'), 'utf8');
  } catch {
    return undefined;
  }
  const state = JSON.parse(text) as State;
  if (state.format !== 1) {
    throw new DevError(`The stack in ${dir} was started by another version of Sluice: take it down with that version.`);
  }
  return state;
}

/** Writes the state file in one step: a reader sees the old or the new one. */
export function writeState(dir: string, state: State): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writePrivate(join(dir, 'state.json'), `${JSON.stringify(state, null, 2)}\n`);
}

/** Writes a file readable by its owner only, in one step. Tokens are in most of them. */
export function writePrivate(path: string, content: string): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, path);
}

/** Every process that belongs to the stack: those written down and those that carry its mark. */
export function processesOf(dir: string, state: State | undefined): ProcessId[] {
  const all = new Map<string, ProcessId>();
  for (const { pid, startTime } of [...Object.values(state?.processes ?? {}), ...membersOf(dir)]) {
    all.set(`${pid} ${startTime}`, { pid, startTime });
  }
  return [...all.values()];
}
