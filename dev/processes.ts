import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { DevError, errorMessage } from './errors.ts';
import { isAlive, memberVariable, type ProcessId, startTimeOf } from './procfs.ts';
import { delay } from './wait.ts';

/** A program to run in the background. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program that outlives us, its output appended to `log`, marked as a member of the stack in `dir`. */
export async function startDetached(command: Command, { dir, log }: { dir: string; log: string }): Promise<ProcessId> {
  mkdirSync(dirname(log), { recursive: true });
  const fd = openSync(log, 'a', 0o600);
  try {
    writeSync(fd, `\n# ${new Date().toISOString()} ${command.file} ${command.args.join(' ')}\n`);
    const child = spawn(command.file, command.args, {
      detached: true,
      stdio: ['ignore', fd, fd],
      cwd: dir,
      env: { ...cleanEnvironment(), ...command.env, [memberVariable]: dir },
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(new DevError(`Could not start ${command.file}: ${errorMessage(error)}.`)));
    });
    child.unref();
    const pid = child.pid as number;
    return { pid, startTime: startTimeOf(pid) ?? 'ended at once' };
  } finally {
    closeSync(fd);
  }
}

/**
 * Ends exactly these processes: TERM, up to `graceMs` of waiting, then KILL. Returns when all are gone. A pid that meanwhile
 * belongs to another program is left alone.
 */
export async function stopProcesses(processes: readonly ProcessId[], graceMs: number): Promise<void> {
  signalAll(processes, 'SIGTERM');
  if (await gone(processes, graceMs)) return;
  signalAll(processes, 'SIGKILL');
  if (await gone(processes, 10_000)) return;
  const left = processes.filter(isAlive).map((process) => process.pid);
  throw new DevError(`Processes ${left.join(', ')} did not end, not even after SIGKILL: look at them with ps.`);
}

/** The last lines of a log, for an error message. */
export function tailOf(log: string, lines: number): string {
  try {
    return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(no log)';
  }
}

function signalAll(processes: readonly ProcessId[], signal: NodeJS.Signals): void {
  for (const target of processes) {
    if (!isAlive(target)) continue;
    try {
      process.kill(target.pid, signal);
    } catch {
      // ended between the look and the signal
    }
  }
}

async function gone(processes: readonly ProcessId[], withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (processes.some(isAlive)) {
    if (performance.now() > end) return false;
    await delay(20);
  }
  return true;
}

/** The servers must not be steered by variables that the caller has set for its own tools. */
function cleanEnvironment(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'XDG_CACHE_HOME', 'XDG_STATE_HOME']) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
