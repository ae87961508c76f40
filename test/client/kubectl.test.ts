import { describe, expect, it } from '@jest/globals';
import { type Kubectl, readObjects, readRolloutObject } from '../../client/cli/kubectl.ts';
import { selectorText } from '../../client/cli/tree/objects.ts';
import { podState } from '../../client/cli/tree/pods.ts';
import { deployment, pod } from './support/objects.ts';
import { plan } from './support/views.ts';

const wanted = { namespace: 'shop', name: 'cart', plan };

/** A kubectl that answers by what is asked for, and writes down what was. */
function fake(answers: Record<string, object | string>): { run: Kubectl; asked: string[] } {
  const asked: string[] = [];
  const run: Kubectl = async (args) => {
    const line = args.join(' ');
    asked.push(line);
    const answer = Object.entries(answers).find(([part]) => line.includes(part))?.[1];
    if (typeof answer === 'string') return { code: 1, stdout: '', stderr: answer };
    return { code: 0, stdout: answer === undefined ? '' : JSON.stringify(answer), stderr: '' };
  };
  return { run, asked };
}

describe('reading the cluster with kubectl', () => {
  it('asks for the objects of the plan by name, and for pods by the workload’s selector', async () => {
    const main = deployment('echoserver', 2, 2);
    const found = { ...main, spec: { ...main.spec, selector: { matchLabels: { app: 'echoserver' } } } };
    const { run, asked } = fake({
      'deployment.apps/echoserver': {
        kind: 'List',
        items: [found, { kind: 'Service', metadata: { name: 'echoserver' } }],
      },
      httproutes: { kind: 'HTTPRoute', metadata: { name: 'echoserver' } },
      'pods -l': {
        kind: 'List',
        items: [
          { kind: 'Pod', metadata: { name: 'p' } },
          { kind: 'ReplicaSet', metadata: { name: 'r' } },
        ],
      },
    });
    const objects = await readObjects(run, wanted);
    expect(asked).toEqual([
      'get deployment.apps/echoserver service/echoserver service/echoserver-canary -n shop -o json --ignore-not-found',
      'get deployments.apps -l rollouts.kruise.io/canary-deployment=echoserver -n shop -o json --ignore-not-found',
      'get httproutes.gateway.networking.k8s.io/echoserver -n shop -o json --ignore-not-found',
      'get replicasets.apps,pods -l app=echoserver -n shop -o json --ignore-not-found',
    ]);
    expect(objects).toMatchObject({
      workload: { metadata: { name: 'echoserver' } },
      services: [{}],
      routes: [{}],
      pods: [{}],
      replicaSets: [{}],
      problems: [],
    });
  });

  it('names what it may not read, once, and keeps what it may', async () => {
    const { run } = fake({
      httproutes:
        'Error from server (Forbidden): httproutes is forbidden: User "eve" cannot get\nError from server (Forbidden): httproutes is forbidden: User "eve" cannot get\n',
    });
    expect((await readObjects(run, wanted)).problems).toEqual(['httproutes is forbidden: User "eve" cannot get']);
  });

  it('says that there is no kubectl', async () => {
    const run: Kubectl = async () => ({ code: -1, stdout: '', stderr: '' });
    expect((await readRolloutObject(run, wanted)).problems).toEqual(['there is no kubectl here']);
  });

  it('does not mind a cluster without our kinds', async () => {
    const { run } = fake({ rollouts: `error: the server doesn't have a resource type "rollouts"` });
    expect(await readRolloutObject(run, wanted)).toEqual({ problems: [] });
  });

  it('leaves out the chatter of kubectl’s libraries', async () => {
    const { run } = fake({
      rollouts:
        "E1121 04:00:00.000000 1 memcache.go:265] couldn't get\nThe connection to the server 127.0.0.1:1 was refused\n",
    });
    expect((await readRolloutObject(run, wanted)).problems).toEqual([
      'The connection to the server 127.0.0.1:1 was refused',
    ]);
  });

  it('writes selectors as kubectl takes them', () => {
    const matchExpressions = [
      { key: 'tier', operator: 'In', values: ['a', 'b'] },
      { key: 'x', operator: 'NotIn', values: ['y'] },
      { key: 'there', operator: 'Exists' },
      { key: 'gone', operator: 'DoesNotExist' },
    ];
    expect(selectorText({ matchLabels: { app: 'e' }, matchExpressions })).toBe(
      'app=e,tier in (a,b),x notin (y),there,!gone',
    );
    expect(selectorText({})).toBeUndefined();
  });
});

describe('the state of a pod', () => {
  const state = (change: object) => {
    const { word, icon } = podState({ ...pod('p', 'r'), ...change });
    return `${icon} ${word}`;
  };

  it('is the word kubectl would use', () => {
    const metadata = { name: 'p' };
    const crashed = { ready: false, state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } };
    expect(state({})).toBe('✔ Running');
    expect(state({ metadata: { ...metadata, deletionTimestamp: 'x' } })).toBe('◌ Terminating');
    expect(state({ status: { phase: 'Running', containerStatuses: [{ ready: false, state: { running: {} } }] } })).toBe(
      '◌ NotReady',
    );
    expect(state({ status: { phase: 'Running', containerStatuses: [crashed] } })).toBe('✖ OOMKilled');
    expect(state({ status: { phase: 'Failed', reason: 'Evicted', message: 'disk' } })).toBe('✖ Evicted');
    expect(
      state({
        status: { phase: 'Pending', initContainerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } } }] },
      }),
    ).toBe('✖ Init:CrashLoopBackOff');
    expect(
      state({
        status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] },
      }),
    ).toBe('✖ Unschedulable');
    expect(
      state({
        status: { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] },
      }),
    ).toBe('◌ ContainerCreating');
    expect(state({ status: {} })).toBe('◌ Unknown');
  });
});
