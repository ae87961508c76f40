/** Where the figures come from. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import type { KubeConnection } from '../activities/kube/connection.ts';
import type { Stack } from '../dev/stack.ts';

export type Machine = {
  readonly date: string;
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly node: string;
  readonly kernel: string;
  readonly kubernetes: string;
  readonly temporal: string;
  readonly commit: string;
  readonly loadAverage: number;
};

export async function machine(stack: Stack, api: KubeConnection): Promise<Machine> {
  const { gitVersion } = await api.call<{ gitVersion: string }>('GET', '/version');
  const said = (file: string, ...args: string[]) => {
    try {
      return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      return 'unknown';
    }
  };
  return {
    date: new Date().toISOString(),
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGb: totalmem() / 1e9,
    node: process.versions.node,
    kernel: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
    kubernetes: gitVersion,
    temporal: said(stack.temporal.cli, '--version'),
    commit: said('git', '-C', import.meta.dirname, 'describe', '--always', '--dirty'),
    loadAverage: loadavg()[0] ?? 0,
  };
}
