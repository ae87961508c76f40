/** What the processes under test use of the machine, from /proc. */
import { readFileSync } from 'node:fs';
import { cpuSecondsOf, rssOf } from '../dev/procfs.ts';

export type Usage = { readonly cpuSeconds: number; readonly rssMb: number };

/** CPU seconds used since it was made, and the resident memory at the time of reading. */
export class Meter {
  readonly #pids: Readonly<Record<string, number>>;
  readonly #before: Readonly<Record<string, number>>;
  readonly #busyBefore = busySeconds();

  constructor(pids: Readonly<Record<string, number>>) {
    this.#pids = pids;
    this.#before = Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuSecondsOf(pid)]));
  }

  read(): { readonly processes: Record<string, Usage>; readonly otherCpuSeconds: number } {
    const processes = Object.fromEntries(
      Object.entries(this.#pids).map(([name, pid]) => [
        name,
        { cpuSeconds: cpuSecondsOf(pid) - (this.#before[name] ?? 0), rssMb: rssOf(pid) / 1e6 },
      ]),
    );
    const ours = Object.values(processes).reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
    return { processes, otherCpuSeconds: Math.max(0, busySeconds() - this.#busyBefore - ours) };
  }
}

/** CPU seconds that the whole machine has spent on anything. */
function busySeconds(): number {
  const fields = readFileSync('/proc/stat', 'latin1').split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields;
  return (user + nice + system + irq + softirq) / 100;
}
