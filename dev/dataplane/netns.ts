import type { Component, Context } from '../components/component.ts';
import { podCidr } from '../components/control-plane.ts';
import type { Command } from '../processes.ts';
import { commandNameOf, networkNamespaceOf } from '../procfs.ts';
import { onPath } from '../servers/obtain.ts';
import { run } from '../servers/run.ts';

/** How a network namespace can be made on this machine, or why it cannot. */
export type NamespaceSupport =
  | { readonly possible: true; readonly userNamespace: boolean }
  | { readonly possible: false; readonly reason: string };

/** Finds out by trying. */
export async function namespaceSupport(): Promise<NamespaceSupport> {
  for (const tool of ['unshare', 'nsenter', 'ip']) {
    if (onPath(tool) === undefined) {
      const pkg = tool === 'ip' ? 'iproute2' : 'util-linux';
      return {
        possible: false,
        reason: `No real packets: the program "${tool}" is missing (apt-get install -y ${pkg}).`,
      };
    }
  }
  const setUp = ['ip', 'link', 'set', 'lo', 'up'];
  if ((await run('unshare', ['-n', '--', ...setUp])).code === 0) return { possible: true, userNamespace: false };
  const rootless = await run('unshare', ['-Urn', '--', ...setUp]);
  if (rootless.code === 0) return { possible: true, userNamespace: true };
  return {
    possible: false,
    reason: `No real packets: a network namespace may not be made here (${rootless.stderr.trim()}). Run as root, or allow unprivileged user namespaces.`,
  };
}

/** Holds the namespace: loopback is up, and every pod address is local to it. Nothing leads out of it. */
export const netns: Component = {
  name: 'netns',
  needs: [],
  dataPlane: true,
  startDeadlineMs: 10_000,
  command: ({ stack: { dataPlane } }) => ({
    file: 'unshare',
    args: [
      dataPlane.available && dataPlane.userNamespace ? '-Urn' : '-n',
      '--',
      'sh',
      '-c',
      `ip link set lo up && ip route add local ${podCidr} dev lo && exec sleep infinity`,
    ],
  }),
  look: async ({ pidOf }) => {
    const pid = pidOf('netns');
    if (networkNamespaceOf(pid) === networkNamespaceOf('self')) return 'still in our own namespace';
    // The shell turns into sleep once the addresses are set.
    return commandNameOf(pid) === 'sleep' ? undefined : 'its addresses are being set';
  },
};

/** The command that runs `inner` inside. */
export function enterNamespace({ stack, pidOf }: Pick<Context, 'stack' | 'pidOf'>, inner: Command): Command {
  const user = stack.dataPlane.available && stack.dataPlane.userNamespace;
  const enter = ['-t', String(pidOf('netns')), '-n', ...(user ? ['-U', '--preserve-credentials'] : [])];
  return { ...inner, file: 'nsenter', args: [...enter, '--', inner.file, ...inner.args] };
}
