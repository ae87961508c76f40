import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { namespaceSupport } from '../../dev/dataplane/netns.ts';
import { podCounters, request, startLoad } from '../../dev/dataplane/traffic.ts';
import { isAlive, membersOf, networkNamespaceOf } from '../../dev/procfs.ts';
import { type ComponentName, down, find, pidOf, type Stack, status, up } from '../../dev/stack.ts';
import { readState } from '../../dev/state.ts';
import { waitUntil } from '../../dev/wait.ts';
import { deploy, isNamespaceInUse, mentioning, sluiceDev, withApi } from './support.ts';

const name = `dev-test-${process.pid}`;
const quiet = { name, log: () => {} };
const hasNamespaces = (await namespaceSupport()).possible;
const withPackets = hasNamespaces ? test : test.skip;

function processes(stack: Stack) {
  return Object.values(readState(stack.dir)?.processes ?? {});
}

afterAll(() => down(quiet), 60_000);

describe('the embedded stack', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await up({ ...quiet, temporal: 'memory' });
  }, 120_000);

  test('up on a running stack answers the same stack, quickly', async () => {
    const before = processes(stack);
    const started = performance.now();
    expect(await up({ ...quiet, temporal: 'memory' })).toEqual(stack);
    expect(performance.now() - started).toBeLessThan(5000);
    expect(processes(stack)).toEqual(before);
    expect((await status({ name })).state).toBe('up');
  });

  test('five pods are available well within a second', async () => {
    const started = performance.now();
    await deploy(stack, 'quick', 'example/echo:1', 5);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test('every user has the rights that are written down', async () => {
    const whoMayWhat = async (user: 'alice' | 'worker') => {
      const { kubectl, kubeconfigs } = stack.kubernetes;
      const { run } = await import('../../dev/servers/run.ts');
      const args = ['--kubeconfig', kubeconfigs[user], 'auth', 'can-i', 'patch', 'deployments'];
      return (await run(kubectl, args)).stdout.trim();
    };
    expect(await whoMayWhat('alice')).toBe('yes');
    expect(await whoMayWhat('worker')).toBe('no');
  });

  const toKill: ComponentName[] = ['kwok', 'kube-controller-manager', 'temporal', 'kube-apiserver', 'etcd'];
  test.each(hasNamespaces ? [...toKill, 'contour' as const, 'envoy' as const] : toKill)(
    '%s killed with SIGKILL shows in status, and up heals it',
    async (component) => {
      const pid = pidOf(stack, component) as number;
      process.kill(pid, 'SIGKILL');
      await waitUntil(
        `${component} to be missed`,
        async () => {
          const seen = await status({ name });
          const { state } = seen.components.find((candidate) => candidate.name === component) ?? { state: 'unknown' };
          return seen.state === 'degraded' && state === 'dead' ? undefined : `${seen.state}, ${component} ${state}`;
        },
        { deadlineMs: 15_000 },
      );
      expect(await up(quiet)).toEqual(stack);
      expect(pidOf(stack, component)).not.toBe(pid);
      expect((await status({ name })).state).toBe('up');
      await deploy(stack, `after-${component}`, 'example/echo:1', 1);
    },
    60_000,
  );

  withPackets('requests are split by the weights of a route, and pods that are not Ready get none', async () => {
    await deploy(stack, 'stable', 'example/echo:1.0', 4);
    await deploy(stack, 'canary', 'example/echo:2.0', 1);
    await route(stack, { stable: 80, canary: 20 });
    await waitUntil(
      'the route',
      async () => {
        const { status: code } = await request(stack, { host: 'split.example.com' });
        return code === 200 ? undefined : `HTTP ${code}`;
      },
      { deadlineMs: 20_000 },
    );
    const load = await startLoad(stack, { host: 'split.example.com', rps: 200, count: 500 });
    const { total } = await load.finished;
    await load.stop();
    expect(total).toMatchObject({ requests: 500, failed: 0, failures: [] });
    // Five standard deviations around 100 of 500.
    expect(total.byVersion['2.0']).toBeGreaterThan(55);
    expect(total.byVersion['2.0']).toBeLessThan(145);
    expect((await podCounters(stack)).refused).toEqual([]);
  });

  withPackets(
    'the loss of the namespace is healed with everything that lived in it',
    async () => {
      process.kill(pidOf(stack, 'netns') as number, 'SIGKILL');
      stack = await up(quiet);
      expect((await status({ name })).state).toBe('up');
      await waitUntil(
        'traffic',
        async () => {
          const { status: code } = await request(stack, { host: 'split.example.com' });
          return code === 200 ? undefined : `HTTP ${code}`;
        },
        { deadlineMs: 20_000 },
      );
    },
    60_000,
  );

  test('env is what a shell needs', async () => {
    const { stdout, code } = await sluiceDev(['env', '--name', name]);
    expect(code).toBe(0);
    expect(stdout).toContain(`export KUBECONFIG='${stack.kubernetes.kubeconfigs.admin}'`);
    expect(stdout).toContain(`export TEMPORAL_ADDRESS='${stack.temporal.address}'`);
  });

  test('down leaves no process, no namespace and no file', async () => {
    const before = processes(stack);
    const namespace = networkNamespaceOf(pidOf(stack, 'netns') ?? 'self') as string;
    await down(quiet);
    expect(before.filter(isAlive)).toEqual([]);
    expect(mentioning(stack.dir)).toEqual([]);
    if (hasNamespaces) expect(isNamespaceInUse(namespace)).toBe(false);
    expect(find(name)).toBeUndefined();
    expect((await status({ name })).state).toBe('down');
    await down(quiet); // a second time does no harm
  }, 60_000);
});

describe('starting under difficulties', () => {
  test('two ups at once, from two processes, start one stack', async () => {
    const [ours, theirs] = await Promise.all([
      up({ ...quiet, dataPlane: false }),
      sluiceDev(['up', '--name', name, '--no-data-plane']),
    ]);
    expect(theirs).toMatchObject({ code: 0 });
    expect(theirs.stdout).toContain(ours.temporal.uiUrl);
    const recorded = processes(ours).map(({ pid }) => pid);
    expect(
      membersOf(ours.dir)
        .map(({ pid }) => pid)
        .sort(),
    ).toEqual(recorded.sort());
    await down(quiet);
  }, 120_000);

  test('what a killed up has started is ended by down', async () => {
    let pid = 0;
    const killed = sluiceDev(['up', '--name', name], {
      onStart: (started) => {
        pid = started;
      },
    });
    await waitUntil(
      'three components',
      async () => {
        const count = Object.keys(readState(dirOf(name))?.processes ?? {}).length;
        return count >= 3 ? undefined : `${count} components`;
      },
      { deadlineMs: 60_000, everyMs: 5 },
    );
    process.kill(pid, 'SIGKILL');
    await killed;
    const { dir } = find(name) as Stack;
    expect(mentioning(dir).length).toBeGreaterThanOrEqual(3);
    await down(quiet);
    expect(mentioning(dir)).toEqual([]);
  }, 120_000);

  test('a taken port is named, with the way out', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      await expect(up({ ...quiet, ports: { temporal: port } })).rejects.toThrow(
        `Port ${port} on 127.0.0.1, wanted for temporal of stack "${name}", is taken by another program: end that program or ask for another port.`,
      );
    } finally {
      server.close();
    }
  });

  test('a name that is no folder name is refused', async () => {
    await expect(up({ name: '../elsewhere' })).rejects.toThrow('"../elsewhere" is no stack name');
  });
});

function dirOf(stackName: string): string {
  return `${process.env.XDG_STATE_HOME || `${process.env.HOME}/.local/state`}/sluice/${stackName}`;
}

async function route(stack: Stack, weights: Record<string, number>): Promise<void> {
  if (!stack.dataPlane.available) throw new Error(stack.dataPlane.reason);
  const { gatewayRef } = stack.dataPlane;
  const backendRefs = Object.entries(weights).map(([service, weight]) => ({ name: service, port: 80, weight }));
  await withApi(stack, (api) =>
    api.apply('/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/split', {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'split' },
      spec: { parentRefs: [gatewayRef], hostnames: ['split.example.com'], rules: [{ backendRefs }] },
    }),
  );
}
