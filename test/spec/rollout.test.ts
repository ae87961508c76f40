import { describe, expect, it } from '@jest/globals';
import { parseRollout } from '../../spec/rollout.ts';
import { alpha, beta, type Loose, nginx } from './objects.ts';

const annotated = (key: string, value: string): Loose => ({ annotations: { [`rollouts.kruise.io/${key}`]: value } });
const styled = (style: string): Loose => annotated('rolling-style', style);
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

function inStrategy(objectRef: Loose): Loose {
  return alpha({}, { objectRef: undefined, strategy: { objectRef, canary: { steps: [{ weight: 20 }] } } });
}
