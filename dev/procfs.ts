import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process for certain: a pid alone may have been given to another program since. */
export interface ProcessId {
  readonly pid: number;
  /** Start time in clock ticks since boot, field 22 of /proc/<pid>/stat. */
  readonly startTime: string;
}

/** Environment variable that every process of a stack carries; its value is the state folder. */
export const memberVariable = 'SLUICE_STACK_MEMBER';

/** Start time of a live process, or undefined when there is none (a zombie counts as gone). */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command name is in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Whether exactly this process is alive. */
export function isAlive(process: ProcessId): boolean {
  return startTimeOf(process.pid) === process.startTime;
}

/** This very process. */
export function self(): ProcessId {
  return { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
}

/** Resident memory in bytes, 0 when the process is gone. */
export function rssOf(pid: number): number {
  try {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return match?.[1] === undefined ? 0 : Number(match[1]) * 1024;
  } catch {
    return 0;
  }
}

/** User and system CPU seconds used so far, 0 when the process is gone. */
export function cpuSecondsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

/** Command name as in /proc/<pid>/comm. */
export function commandNameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Identity of the network namespace a process lives in (`net:[4026532…]`). */
export function networkNamespaceOf(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

/**
 * All live processes that carry the mark of the stack in `dir`. This finds the ones that `up` started but had no time to
 * write down before it was killed.
 */
export function membersOf(dir: string): ProcessId[] {
  const mark = `${memberVariable}=${dir}`;
  const found: ProcessId[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (!readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0').includes(mark)) continue;
    } catch {
      continue; // gone meanwhile, or not ours to read
    }
    const startTime = startTimeOf(Number(entry));
    if (startTime !== undefined) found.push({ pid: Number(entry), startTime });
  }
  return found;
}
