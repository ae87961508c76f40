import { describe, expect, it } from '@jest/globals';
import { parseRollout } from '../../spec/rollout.ts';
import { alpha, beta, type Loose, nginx } from './objects.ts';

const annotated = (key: string, value: string): Loose => ({ annotations: { [`rollouts.kruise.io/${key}`]: value } });
const styled = (style: string): Loose => annotated('rolling-style', style);
const workload = (kind: string, apiVersion = 'apps/v1'): Loose => ({ workloadRef: { apiVersion, kind, name: 'owl' } });
const steps = (...list: unknown[]): Loose => ({ steps: list });
const routed = (...list: unknown[]): Loose => ({ trafficRoutings: list });

const replicasMessage = 'replicas must be positive number, or a percentage with "0%" < canaryReplicas <= "100%"';
const trafficMessage = 'traffic must be percentage with "0%" < traffic <= "100%" in canary strategy';
const canaryPath = 'spec.strategy.canary';

describe('a Rollout that OpenKruise refuses', () => {
  it.each<[string, unknown, string, string | RegExp]>([
    ['no object', 'owl', '', /must be an object/],
    ['nothing', null, '', /is empty/],
    ['another group', { ...beta(), apiVersion: 'apps/v1' }, 'apiVersion', /must be rollouts.kruise.io\/v1alpha1 or/],
    ['another kind', { ...beta(), kind: 'BatchRelease' }, 'kind', /must be Rollout/],
    ['no spec', { ...beta(), spec: undefined }, 'spec', 'spec is required'],
    ['no workload', beta({}, { workloadRef: undefined }), 'spec.workloadRef', 'WorkloadRef is required'],
    [
      'half a workload',
      beta({}, { workloadRef: { apiVersion: 'apps/v1', name: 'owl' } }),
      'spec.workloadRef',
      'WorkloadRef is required: it needs kind',
    ],
    [
      'two workloads',
      beta({}, { objectRef: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'wren' } } }),
      'spec.objectRef.workloadRef',
      /another workload/,
    ],
    [
      'an unknown kind',
      beta({}, workload('Job', 'batch/v1')),
      'spec.workloadRef.kind',
      'WorkloadRef kind is not supported',
    ],
    [
      'a kind of another group',
      beta({}, workload('CloneSet')),
      'spec.workloadRef.apiVersion',
      'WorkloadRef kind is not supported',
    ],
    ['no strategy', beta({}, { strategy: {} }), 'spec.strategy', 'Canary and BlueGreen cannot both be empty'],
    ['no canary in v1alpha1', alpha({}, { strategy: {} }), canaryPath, 'Canary cannot be empty'],
    [
      'both strategies',
      beta(
        {},
        { strategy: { canary: { enableExtraWorkloadForCanary: true, steps: [{ replicas: 1 }] }, blueGreen: {} } },
      ),
      'spec.strategy',
      'Canary and BlueGreen cannot both be set',
    ],
    [
      'blueGreen of a StatefulSet',
      beta({}, { ...workload('StatefulSet'), strategy: { blueGreen: { steps: [{ replicas: 1 }] } } }),
      'spec.workloadRef',
      'WorkloadRef kind is not supported for bluegreen style',
    ],
    [
      'a style of its own',
      alpha({}, {}, styled('rolling')),
      'metadata.annotations["rollouts.kruise.io/rolling-style"]',
      "Rolling style must be 'Canary', 'Partition' or empty",
    ],
    ['no steps', beta(steps()), `${canaryPath}.steps`, 'The number of Canary.Steps cannot be empty'],
    ['absent steps', beta({ steps: undefined }), `${canaryPath}.steps`, 'The number of Canary.Steps cannot be empty'],
    [
      '51 steps',
      beta({ steps: Array.from({ length: 51 }, () => ({ replicas: 1 })) }),
      `${canaryPath}.steps`,
      /at most 50/,
    ],
    [
      'a step without replicas',
      beta(steps({ traffic: '5%' })),
      `${canaryPath}.steps[0].replicas`,
      'replicas cannot be empty',
    ],
    [
      'a v1alpha1 step without either',
      alpha(steps({})),
      `${canaryPath}.steps[0].replicas`,
      'weight and replicas cannot be empty at the same time',
    ],
    ['0 pods', beta(steps({ replicas: 0 })), `${canaryPath}.steps[0].replicas`, replicasMessage],
    ['0 %', beta(steps({ replicas: '0%' })), `${canaryPath}.steps[0].replicas`, replicasMessage],
    ['101 %', beta(steps({ replicas: '101%' })), `${canaryPath}.steps[0].replicas`, replicasMessage],
    ['a number in quotes', beta(steps({ replicas: '5' })), `${canaryPath}.steps[0].replicas`, replicasMessage],
    ['half a pod', beta(steps({ replicas: 1.5 })), `${canaryPath}.steps[0].replicas`, replicasMessage],
    ['no traffic', beta(steps({ replicas: 1, traffic: '0%' })), `${canaryPath}.steps[0].traffic`, trafficMessage],
    [
      'traffic without %',
      beta(steps({ replicas: 1, traffic: '20' })),
      `${canaryPath}.steps[0].traffic`,
      trafficMessage,
    ],
    [
      'traffic as a number',
      beta(steps({ replicas: 1, traffic: 20 })),
      `${canaryPath}.steps[0].traffic`,
      trafficMessage,
    ],
    [
      'a part of a percent',
      beta(steps({ replicas: 1, traffic: '33.3%' })),
      `${canaryPath}.steps[0].traffic`,
      trafficMessage,
    ],
    ['a weight of 0', alpha(steps({ weight: 0 })), `${canaryPath}.steps[0].weight`, /weight must be positive/],
    [
      'a weight of 101',
      alpha(steps({ weight: 101, replicas: 1 })),
      `${canaryPath}.steps[0].weight`,
      /weight must be positive/,
    ],
    [
      'weight against traffic',
      beta(steps({ replicas: 1, weight: 5, traffic: '6%' })),
      `${canaryPath}.steps[0].traffic`,
      /keep one of the two/,
    ],
    [
      'falling percentages',
      beta(steps({ replicas: '50%' }, { replicas: '40%' })),
      `${canaryPath}.steps[1].replicas`,
      'Steps.CanaryReplicas must be a non decreasing sequence',
    ],
    [
      'falling numbers',
      beta(steps({ replicas: 5 }, { replicas: 4 })),
      `${canaryPath}.steps[1].replicas`,
      'Steps.CanaryReplicas must be a non decreasing sequence',
    ],
    [
      'a weight below the last percentage',
      alpha(steps({ weight: 20, replicas: '60%' }, { weight: 50 })),
      `${canaryPath}.steps[1].replicas`,
      'Steps.CanaryReplicas must be a non decreasing sequence',
    ],
    [
      'falling weights with routes',
      alpha({ ...steps({ weight: 20, replicas: 1 }, { weight: 10, replicas: 2 }), ...routed(nginx) }),
      `${canaryPath}.steps[1].weight`,
      'Steps.Weight must be a non decreasing sequence',
    ],
    [
      'a negative pause',
      beta(steps({ replicas: 1, pause: { duration: -1 } })),
      `${canaryPath}.steps[0].pause.duration`,
      /whole number of seconds/,
    ],
    [
      'a pause in words',
      beta(steps({ replicas: 1, pause: { duration: '10m' } })),
      `${canaryPath}.steps[0].pause.duration`,
      /whole number of seconds/,
    ],
    ['a step that is no object', beta(steps('5%')), `${canaryPath}.steps[0]`, /must be an object/],
    ['steps that are no list', beta({ steps: { replicas: 1 } }), `${canaryPath}.steps`, /must be a list/],
    [
      'an empty match',
      beta(steps({ replicas: 1, matches: [{}] })),
      `${canaryPath}.steps[0].matches[0]`,
      /would match every request/,
    ],
    [
      'a header without value',
      beta(steps({ replicas: 1, matches: [{ headers: [{ name: 'a' }] }] })),
      `${canaryPath}.steps[0].matches[0].headers[0].value`,
      /must be 1 to 4096/,
    ],
    [
      'a header name with a space',
      beta(steps({ replicas: 1, matches: [{ headers: [{ name: 'a b', value: 'c' }] }] })),
      `${canaryPath}.steps[0].matches[0].headers[0].name`,
      /name of an HTTP header/,
    ],
    [
      'an unknown comparison',
      beta(steps({ replicas: 1, matches: [{ headers: [{ name: 'a', value: 'c', type: 'exact' }] }] })),
      `${canaryPath}.steps[0].matches[0].headers[0].type`,
      /must be one of Exact/,
    ],
    [
      'a relative path',
      beta(steps({ replicas: 1, matches: [{ path: { value: 'a' } }] })),
      `${canaryPath}.steps[0].matches[0].path.value`,
      /start with '\/'/,
    ],
    [
      'two routings',
      beta(routed(nginx, nginx)),
      `${canaryPath}.trafficRoutings`,
      'Rollout currently only support single TrafficRouting.',
    ],
    [
      'a negative grace',
      beta(routed({ ...nginx, gracePeriodSeconds: -1 })),
      `${canaryPath}.trafficRoutings[0].gracePeriodSeconds`,
      'TrafficRouting.GracePeriodSeconds cannot be negative',
    ],
    [
      'no Service',
      beta(routed({ ...nginx, service: '' })),
      `${canaryPath}.trafficRoutings[0].service`,
      'TrafficRouting.Service cannot be empty',
    ],
    ['no route', beta(routed({ service: 'owl' })), `${canaryPath}.trafficRoutings[0]`, 'TrafficRoutings are not set'],
    [
      'an Ingress without name',
      beta(routed({ service: 'owl', ingress: {} })),
      `${canaryPath}.trafficRoutings[0].ingress.name`,
      'TrafficRouting.Ingress.Ingress cannot be empty',
    ],
    [
      'a route without name',
      beta(routed({ service: 'owl', gateway: {} })),
      `${canaryPath}.trafficRoutings[0].gateway.httpRouteName`,
      'TrafficRouting.Gateway must set the name of HTTPRoute or HTTPsRoute',
    ],
    [
      'two classes',
      beta(routed({ service: 'owl', type: 'nginx', ingress: { name: 'owl', classType: 'higress' } })),
      `${canaryPath}.trafficRoutings[0].type`,
      /keep ingress.classType/,
    ],
    [
      'a threshold without %',
      beta({ failureThreshold: 'few' }),
      `${canaryPath}.failureThreshold`,
      /failureThreshold must be/,
    ],
    [
      'a label that is a number',
      beta({ patchPodTemplateMetadata: { labels: { track: 1 } } }),
      `${canaryPath}.patchPodTemplateMetadata.labels.track`,
      /must be a string/,
    ],
    [
      'paused in words',
      beta(
        {},
        { strategy: { paused: 'yes', canary: { enableExtraWorkloadForCanary: true, steps: [{ replicas: 1 }] } } },
      ),
      'spec.strategy.paused',
      /must be true or false/,
    ],
  ])('is refused for %s', (_, object, path, message) => {
    const { plan, problems } = parseRollout(object);
    expect(plan).toBeUndefined();
    expect(problems).toEqual([
      {
        code: 'InvalidRollout',
        message: typeof message === 'string' ? message : expect.stringMatching(message),
        ...(path !== '' && { path }),
      },
    ]);
  });

  it('is told everything that is wrong at once', () => {
    const object = beta({
      steps: [{ replicas: 0 }, { replicas: 1, traffic: '0%' }],
      trafficRoutings: [{ service: '' }],
    });
    expect(parseRollout(object).problems.map(({ path }) => path)).toEqual([
      `${canaryPath}.trafficRoutings[0].service`,
      `${canaryPath}.trafficRoutings[0]`,
      `${canaryPath}.steps[0].replicas`,
      `${canaryPath}.steps[1].traffic`,
    ]);
  });

  it('keeps its switches', () => {
    const object = beta(steps(), { disabled: true });
    expect(parseRollout(object).switches).toEqual({ paused: false, disabled: true, deleting: false });
  });
});

describe('a Rollout that OpenKruise accepts and this version does not release', () => {
  it.each<[string, Loose, string, RegExp]>([
    ['a StatefulSet', beta({}, workload('StatefulSet')), 'spec.workloadRef', /name a Deployment/],
    ['a CloneSet', beta({}, workload('CloneSet', 'apps.kruise.io/v1alpha1')), 'spec.workloadRef', /name a Deployment/],
    [
      'blueGreen',
      beta({}, { strategy: { blueGreen: { steps: [{ replicas: '100%', traffic: '0%' }] } } }),
      'spec.strategy.blueGreen',
      /write canary with enableExtraWorkloadForCanary: true/,
    ],
    [
      'partition by default',
      beta({ enableExtraWorkloadForCanary: undefined }),
      `${canaryPath}.enableExtraWorkloadForCanary`,
      /write enableExtraWorkloadForCanary: true/,
    ],
    [
      'partition',
      beta({ enableExtraWorkloadForCanary: false }),
      `${canaryPath}.enableExtraWorkloadForCanary`,
      /write enableExtraWorkloadForCanary: true/,
    ],
    [
      'partition by annotation',
      alpha({}, {}, styled('Partition')),
      'metadata.annotations["rollouts.kruise.io/rolling-style"]',
      /remove the annotation/,
    ],
    [
      'an ALB',
      beta(routed({ service: 'owl', ingress: { name: 'owl', classType: 'aliyun-alb' } })),
      `${canaryPath}.trafficRoutings[0].ingress.classType`,
      /use an Ingress of class nginx/,
    ],
    [
      'an older ALB',
      beta(routed({ service: 'owl', type: 'mse', ingress: { name: 'owl' } })),
      `${canaryPath}.trafficRoutings[0].type`,
      /use an Ingress of class nginx/,
    ],
    [
      'Istio',
      beta(
        routed({
          service: 'owl',
          customNetworkRefs: [{ apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', name: 'owl' }],
        }),
      ),
      `${canaryPath}.trafficRoutings[0].customNetworkRefs`,
      /gateway.httpRouteName/,
    ],
    [
      'a TrafficRouting',
      beta({ trafficRoutingRef: 'owl' }),
      `${canaryPath}.trafficRoutingRef`,
      /write trafficRoutings/,
    ],
    [
      'a TrafficRouting by annotation',
      alpha({}, {}, annotated('trafficrouting', 'owl')),
      'metadata.annotations["rollouts.kruise.io/trafficrouting"]',
      /write trafficRoutings/,
    ],
    [
      'one Service for both versions of an HTTPRoute',
      beta({ disableGenerateCanaryService: true, ...routed({ service: 'owl', gateway: { httpRouteName: 'owl' } }) }),
      `${canaryPath}.disableGenerateCanaryService`,
      /needs a Service of its own/,
    ],
  ])('says what to write instead of %s', (_, object, path, message) => {
    expect(parseRollout(object)).toEqual({
      switches: expect.anything(),
      problems: [{ code: 'Unsupported', message: expect.stringMatching(message), path }],
    });
  });

  it('limits pods while a partition moves traffic', () => {
    const object = beta({ enableExtraWorkloadForCanary: false, steps: [{ replicas: '60%', traffic: '5%' }] });
    expect(parseRollout(object).problems.map(({ code }) => code)).toEqual(['Unsupported', 'InvalidRollout']);
  });
});
