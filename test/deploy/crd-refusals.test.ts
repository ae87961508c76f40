import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alpha, beta, type Loose, nginx } from '../spec/objects.ts';
import { Cluster, refusal, until } from './cluster.ts';
import { Rollouts } from './rollouts.ts';

const cluster = new Cluster('crd-refusals');
const rollouts = new Rollouts(cluster);

beforeAll(async () => void (await cluster.open()));
afterAll(() => cluster.close());

const steps = (...list: unknown[]): Loose => ({ steps: list });
const routed = (...list: unknown[]): Loose => ({ trafficRoutings: list });

const replicas = 'replicas must be positive number, or a percentage with "0%" < canaryReplicas <= "100%"';
const traffic = 'traffic must be percentage with "0%" < traffic <= "100%" in canary strategy';

describe('the API server refuses', () => {
  it.each<[string, Loose, string]>([
    ['no spec', { ...beta(), spec: undefined }, 'spec: Required value'],
    ['no strategy', beta({}, { strategy: undefined }), 'spec.strategy: Required value'],
    ['no workload', beta({}, { workloadRef: undefined }), 'WorkloadRef is required'],
    [
      'a workload without name',
      beta({}, { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: '' } }),
      'WorkloadRef is required',
    ],
    [
      'two workloads',
      beta({}, { objectRef: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'other' } } }),
      'name different workloads',
    ],
    [
      'a Job',
      beta({}, { workloadRef: { apiVersion: 'batch/v1', kind: 'Job', name: 'owl' } }),
      'WorkloadRef kind is not supported',
    ],
    [
      'a Job in objectRef',
      alpha({}, { objectRef: { workloadRef: { apiVersion: 'batch/v1', kind: 'Job', name: 'owl' } } }),
      'WorkloadRef kind is not supported',
    ],
    ['neither strategy', beta({}, { strategy: {} }), 'Canary and BlueGreen cannot both be empty'],
    [
      'both strategies',
      beta({}, { strategy: { canary: steps({ replicas: 1 }), blueGreen: steps({ replicas: 1 }) } }),
      'Canary and BlueGreen cannot both be set',
    ],
    ['no steps', beta(steps()), 'The number of Canary.Steps cannot be empty'],
    ['51 steps', beta({ steps: Array.from({ length: 51 }, () => ({ replicas: 1 })) }), 'must have at most 50 items'],
    ['a v1beta1 step without replicas', beta(steps({ traffic: '5%' })), 'replicas cannot be empty'],
    ['a v1alpha1 step without either', alpha(steps({})), 'weight and replicas cannot be empty at the same time'],
    ['0 pods', beta(steps({ replicas: 0 })), replicas],
    ['fewer than 0 pods', beta(steps({ replicas: -1 })), replicas],
    ['101 %', beta(steps({ replicas: '101%' })), replicas],
    ['0 %', beta(steps({ replicas: '0%' })), replicas],
    ['a number in quotes', beta(steps({ replicas: '5' })), replicas],
    ['no traffic', beta(steps({ replicas: 1, traffic: '0%' })), traffic],
    ['traffic without %', beta(steps({ replicas: 1, traffic: '20' })), traffic],
    ['too much traffic', beta(steps({ replicas: 1, traffic: '101%' })), traffic],
    [
      'too much traffic in blueGreen',
      beta({}, { strategy: { blueGreen: steps({ replicas: 1, traffic: '101%' }) } }),
      'traffic must be percentage with "0%" <= traffic <= "100%" in blueGreen strategy',
    ],
    ['a weight of 0', alpha(steps({ weight: 0 })), 'weight must be positive'],
    ['a weight of 101', alpha(steps({ weight: 101 })), 'weight must be positive'],
    ['weight against traffic', beta(steps({ replicas: 1, weight: 5, traffic: '6%' })), 'keep one of the two'],
    [
      'falling percentages',
      beta(steps({ replicas: '50%' }, { replicas: '9%' })),
      'Steps.CanaryReplicas must be a non decreasing sequence',
    ],
    [
      'falling numbers',
      beta(steps({ replicas: 1 }, { replicas: 10 }, { replicas: 9 })),
      'Steps.CanaryReplicas must be a non decreasing sequence',
    ],
    [
      'a weight below the last percentage',
      alpha(steps({ weight: 20, replicas: '60%' }, { weight: 50 })),
      'Steps.CanaryReplicas must be a non decreasing sequence',
    ],
    [
      'falling weights with routes',
      alpha({ ...steps({ weight: 20, replicas: 1 }, { weight: 10, replicas: 2 }), ...routed(nginx) }),
      'Steps.Weight must be a non decreasing sequence',
    ],
    [
      'a negative pause',
      beta(steps({ replicas: 1, pause: { duration: -1 } })),
      'pause.duration must be a whole number of seconds',
    ],
    ['two routings', beta(routed(nginx, nginx)), 'Rollout currently only support single TrafficRouting.'],
    [
      'a negative grace',
      beta(routed({ ...nginx, gracePeriodSeconds: -1 })),
      'TrafficRouting.GracePeriodSeconds cannot be negative',
    ],
    ['no Service', beta(routed({ ...nginx, service: '' })), 'TrafficRouting.Service cannot be empty'],
    ['no route', beta(routed({ service: 'owl' })), 'TrafficRoutings are not set'],
    [
      'an Ingress without name',
      beta(routed({ service: 'owl', ingress: { name: '' } })),
      'TrafficRouting.Ingress.Ingress cannot be empty',
    ],
    [
      'a route without name',
      beta(routed({ service: 'owl', gateway: {} })),
      'TrafficRouting.Gateway must set the name of HTTPRoute or HTTPsRoute',
    ],
    [
      'two classes',
      beta(routed({ service: 'owl', type: 'nginx', ingress: { name: 'owl', classType: 'mse' } })),
      'keep ingress.classType',
    ],
    ['a relative path', beta(steps({ replicas: 1, matches: [{ path: { value: 'a' } }] })), "start with '/'"],
    [
      'a header without value',
      beta(steps({ replicas: 1, matches: [{ headers: [{ name: 'a' }] }] })),
      'value: Required value',
    ],
    [
      'a style of its own',
      alpha({}, {}, { annotations: { 'rollouts.kruise.io/rolling-style': 'rolling' } }),
      "Rolling style must be 'Canary', 'Partition' or empty",
    ],
    [
      'a slip of the keyboard, when asked to be strict',
      beta({ trafficRouting: [] }),
      'unknown field "spec.strategy.canary.trafficRouting"',
    ],
  ])('%s', async (_, object, message) => {
    expect(await rollouts.dryRun(rollouts.own(object))).toContain(message);
  });

  it('a Rollout in kube-system, where nothing is held', async () => {
    const path = '/apis/rollouts.kruise.io/v1beta1/namespaces/kube-system/rollouts';
    const { metadata: _, ...object } = beta();
    const call = cluster.admin.call('POST', path, {
      body: { ...object, metadata: { name: 'owl' } },
      query: { dryRun: 'All' },
    });
    expect(await refusal(call)).toContain('use another namespace');
  });

  it('a second Rollout of a workload, in whatever shape, but no edit of one that is there', async () => {
    const first = rollouts.own(beta());
    await rollouts.create(first);
    const { name } = first.metadata as { name: string };
    const second = {
      ...alpha(),
      metadata: { name: `${name}-second` },
      spec: {
        ...(alpha().spec as Loose),
        objectRef: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } },
      },
    };
    const message = `This rollout conflict with Rollout(${cluster.namespace}/${name}), one workload only have less than one Rollout`;
    await until(async () => (await rollouts.dryRun(second)).includes(message));
    await cluster.patch(cluster.rollouts(name), { metadata: { finalizers: ['example.com/stay'] } });
    await cluster.patch(cluster.rollouts(name), { spec: { disabled: true }, metadata: { finalizers: null } });
    expect(await rollouts.dryRun(rollouts.own(beta()))).toBe('');
  });
});

describe('while a release is under way, the API server refuses', () => {
  const betaSpec = { steps: [{ replicas: 1 }, { replicas: 2 }], trafficRoutings: [nginx] };

  async function releasing(object: Loose, phase = 'Progressing'): Promise<string> {
    const mine = rollouts.own(object);
    await rollouts.create(mine);
    const path = cluster.rollouts(mine.metadata.name);
    await cluster.patch(`${path}/status`, { status: { phase } });
    return path;
  }

  it.each<[string, Loose, string]>([
    ['another workload', { workloadRef: { name: 'other' } }, "Rollout 'ObjectRef' field is immutable"],
    [
      'the other spelling',
      { workloadRef: null, objectRef: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'other' } } },
      "Rollout 'ObjectRef' field is immutable",
    ],
    [
      'another route',
      { strategy: { canary: { trafficRoutings: [{ service: 'other', ingress: { name: 'other' } }] } } },
      "Rollout 'Strategy.Canary|BlueGreen.TrafficRoutings' field is immutable",
    ],
    [
      'no route',
      { strategy: { canary: { trafficRoutings: null } } },
      "Rollout 'Strategy.Canary|BlueGreen.TrafficRoutings' field is immutable",
    ],
    [
      'another style',
      { strategy: { canary: { enableExtraWorkloadForCanary: false } } },
      'Rollout style and enableExtraWorkloadForCanary are immutable',
    ],
    [
      'another number of steps',
      { strategy: { canary: { steps: [{ replicas: 1 }] } } },
      'Amount of Rollout steps are immutable',
    ],
  ])('%s', async (_, spec, message) => {
    for (const phase of ['Progressing', 'Terminating']) {
      const path = await releasing(beta(betaSpec), phase);
      // A worker of another test may put the status right at any time.
      await until(async () => {
        await cluster.patch(`${path}/status`, { status: { phase } });
        return (await refusal(cluster.patch(path, { spec }, { dryRun: 'All' }))).includes(message);
      });
      await cluster.patch(`${path}/status`, { status: { phase: 'Healthy' } });
      expect(await refusal(cluster.patch(path, { spec }, { dryRun: 'All' }))).toBe('');
    }
  });

  it('another rolling-style annotation', async () => {
    const path = await releasing(alpha());
    const change = { metadata: { annotations: { 'rollouts.kruise.io/rolling-style': 'partition' } } };
    await until(async () => {
      await cluster.patch(`${path}/status`, { status: { phase: 'Progressing' } });
      return (await refusal(cluster.patch(path, change, { dryRun: 'All' }))).includes(
        "'Rolling-Style' annotation is immutable",
      );
    });
  });

  it('nothing of what may be edited', async () => {
    const path = await releasing(beta(betaSpec));
    const canary = {
      steps: [{ replicas: 2, pause: { duration: 5 } }, { replicas: '70%' }],
      failureThreshold: 1,
      patchPodTemplateMetadata: { labels: { a: 'b' } },
    };
    expect(await refusal(cluster.patch(path, { spec: { disabled: true, strategy: { paused: true, canary } } }))).toBe(
      '',
    );
    const older = await releasing(alpha());
    expect(
      await refusal(cluster.patch(older, { spec: { strategy: { canary: steps({ weight: 5 }, { weight: 10 }) } } })),
    ).toBe('');
  });
});
