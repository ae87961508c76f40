import { describe, expect, it } from '@jest/globals';
import { parseRollout } from '../../spec/rollout.ts';
import { alpha, beta, type Loose, nginx } from './objects.ts';

const annotated = (key: string, value: string): Loose => ({ annotations: { [`rollouts.kruise.io/${key}`]: value } });
const styled = (style: string): Loose => annotated('rolling-style', style);
const workload = (kind: string, apiVersion = 'apps/v1'): Loose => ({ workloadRef: { apiVersion, kind, name: 'owl' } });
const steps = (...list: unknown[]): Loose => ({ steps: list });
const routed = (...list: unknown[]): Loose => ({ trafficRoutings: list });

describe('a Rollout that can be released', () => {
  it('becomes a plan with everything the user wrote', () => {
    const object = beta(
      {
        steps: [
          { traffic: '5%', replicas: 1, pause: {} },
          {
            replicas: '40%',
            matches: [{ headers: [{ name: 'user-agent', value: 'android' }], path: {} }],
            requestHeaderModifier: { set: [{ name: 'x-version', value: 'new' }] },
            pause: { duration: 600 },
          },
          { replicas: '050%', pause: { duration: 0 } },
        ],
        trafficRoutings: [{ ...nginx, gracePeriodSeconds: 5, gateway: { httpRouteName: 'owl-route' } }],
        failureThreshold: '10%',
        patchPodTemplateMetadata: { labels: { track: 'canary' } },
      },
      { disabled: true },
      { deletionTimestamp: '2026-01-01T00:00:00Z' },
    );
    expect(parseRollout(object)).toEqual({
      problems: [],
      switches: { paused: false, disabled: true, deleting: true },
      plan: {
        workload: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'owl' },
        style: 'canary',
        steps: [
          { replicas: 1, traffic: 5, pause: { kind: 'approval' } },
          {
            replicas: '40%',
            matches: [
              {
                headers: [{ name: 'user-agent', value: 'android', type: 'Exact' }],
                path: { type: 'PathPrefix', value: '/' },
              },
            ],
            requestHeaderModifier: { set: [{ name: 'x-version', value: 'new' }] },
            pause: { kind: 'timed', seconds: 600 },
          },
          { replicas: '50%', pause: { kind: 'timed', seconds: 0 } },
        ],
        routings: [
          {
            service: 'owl',
            gracePeriodSeconds: 5,
            ingress: { name: 'owl', classType: 'nginx' },
            gateway: { httpRouteName: 'owl-route' },
          },
        ],
        failureThreshold: '10%',
        podMetadata: { labels: { track: 'canary' }, annotations: {} },
        disableGenerateCanaryService: false,
        hash: expect.stringMatching(/^[0-9a-f]{10}$/),
      },
    });
  });

  it('takes the share of pods from the weight when there is no replicas', () => {
    expect(parseRollout(alpha(steps({ weight: 20 }))).plan?.steps).toEqual([
      { replicas: '20%', traffic: 20, pause: { kind: 'approval' } },
    ]);
  });

  it.each<[string, Loose]>([
    ['spec.workloadRef', beta()],
    ['spec.objectRef.workloadRef', alpha()],
    [
      'spec.strategy.objectRef.workloadRef',
      inStrategy({ workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'owl' } }),
    ],
    ['spec.strategy.objectRef', inStrategy({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'owl' })],
    ['an apiVersion of the other shape', { ...beta(), apiVersion: 'rollouts.kruise.io/v1alpha1' }],
    ['the shape of v1alpha1 under v1beta1', { ...alpha(), apiVersion: 'rollouts.kruise.io/v1beta1' }],
    ['no apiVersion and kind, as in the items of a list', { ...beta(), apiVersion: undefined, kind: undefined }],
    [
      'both spellings of one workload',
      { ...beta({}, { objectRef: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'owl' } } }) },
    ],
  ])('is found by %s', (_, object) => {
    expect(parseRollout(object)).toMatchObject({ problems: [], plan: { workload: { name: 'owl' }, style: 'canary' } });
  });

  it.each<[string, Loose]>([
    ['annotation canary, in any case of letters', alpha({}, {}, styled('CANARY'))],
    ['an empty annotation', alpha({}, {}, styled(''))],
    ['enableExtraWorkloadForCanary', beta()],
    ['enableExtraWorkloadForCanary, over the annotation', beta({}, {}, styled('partition'))],
    ['weights under workloadRef', beta({ steps: [{ weight: 5 }], enableExtraWorkloadForCanary: undefined })],
  ])('is of the canary style by %s', (_, object) => {
    expect(parseRollout(object)).toMatchObject({ problems: [], plan: { style: 'canary' } });
  });

  it.each<[string, unknown, string]>([
    ['no class', { ingress: { name: 'owl' } }, 'nginx'],
    ['an empty class', { ingress: { name: 'owl', classType: '' } }, 'nginx'],
    ['the class', { ingress: { name: 'owl', classType: 'higress' } }, 'higress'],
    ['the older type', { ingress: { name: 'owl' }, type: 'higress' }, 'higress'],
    ['both', { ingress: { name: 'owl', classType: 'nginx' }, type: 'nginx' }, 'nginx'],
  ])('drives an Ingress by %s', (_, routing, classType) => {
    const object = beta(routed({ service: 'owl', ...(routing as Loose) }));
    expect(parseRollout(object).plan?.routings[0]?.ingress).toEqual({ name: 'owl', classType });
  });

  it('has no grace period that nobody wrote', () => {
    expect(parseRollout(beta(routed(nginx))).plan?.routings[0]).not.toHaveProperty('gracePeriodSeconds');
  });

  it('passes over analysis and unknown fields', () => {
    const object = beta({
      analysis: { templates: [] },
      future: 1,
      steps: [{ replicas: 1, analysis: {}, other: true }],
    });
    expect(parseRollout(object).problems).toEqual([]);
  });

  it('takes null for absent, as the API server does', () => {
    const object = beta({
      trafficRoutings: null,
      failureThreshold: null,
      steps: [{ replicas: 1, traffic: null, pause: null }],
    });
    expect(parseRollout(object)).toMatchObject({ problems: [], plan: { steps: [{ replicas: 1 }] } });
  });
});

describe('the hash of a plan', () => {
  const hash = (object: Loose): string | undefined => parseRollout(object).plan?.hash;
  const base = hash(beta({ steps: [{ replicas: 1, traffic: '5%' }], trafficRoutings: [nginx] }));

  it.each<[string, Loose]>([
    ['a pause', { steps: [{ replicas: 1, traffic: '5%', pause: { duration: 9 } }], trafficRoutings: [nginx] }],
    ['the threshold', { steps: [{ replicas: 1, traffic: '5%' }], trafficRoutings: [nginx], failureThreshold: 1 }],
    ['the spelling of a percentage', { steps: [{ replicas: 1, traffic: '05%' }], trafficRoutings: [nginx] }],
  ])('does not change with %s', (_, canary) => {
    expect(hash(beta(canary))).toBe(base);
  });

  it.each<[string, Loose]>([
    ['replicas', { steps: [{ replicas: 2, traffic: '5%' }], trafficRoutings: [nginx] }],
    ['traffic', { steps: [{ replicas: 1, traffic: '6%' }], trafficRoutings: [nginx] }],
    ['matches', { steps: [{ replicas: 1, traffic: '5%', matches: [{ path: {} }] }], trafficRoutings: [nginx] }],
    ['routings', { steps: [{ replicas: 1, traffic: '5%' }] }],
    [
      'metadata',
      {
        steps: [{ replicas: 1, traffic: '5%' }],
        trafficRoutings: [nginx],
        patchPodTemplateMetadata: { labels: { a: 'b' } },
      },
    ],
    [
      'the Service',
      { steps: [{ replicas: 1, traffic: '5%' }], trafficRoutings: [nginx], disableGenerateCanaryService: true },
    ],
  ])('changes with %s', (_, canary) => {
    expect(hash(beta(canary))).not.toBe(base);
  });
});

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

function inStrategy(objectRef: Loose): Loose {
  return alpha({}, { objectRef: undefined, strategy: { objectRef, canary: { steps: [{ weight: 20 }] } } });
}
