import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { parseRollout } from '../../spec/rollout.ts';
import { alpha, beta, type Loose, nginx } from '../spec/objects.ts';
import { Cluster, until } from './cluster.ts';
import { Rollouts } from './rollouts.ts';

const cluster = new Cluster('crd');
const rollouts = new Rollouts(cluster);
let made = 0;

beforeAll(async () => void (await cluster.open()));
afterAll(() => cluster.close());

const steps = (...list: unknown[]): Loose => ({ steps: list });

describe('the API server accepts', () => {
  it.each(['older-place.yaml', 'analysis.yaml', 'whole-app.yaml', 'weights-and-headers.yaml'])(
    'the Rollouts of %s, and loses no field of them',
    async (file) => {
      const text = readFileSync(new URL(`../spec/fixtures/${file}`, import.meta.url), 'utf8');
      // Workloads of its own for each file, for one workload has one Rollout.
      const renamed = text.replaceAll(/parrot|finch|wren/g, (name) => `${name}-${made++}`);
      for (const document of parseAllDocuments(renamed)) {
        const object = document.toJS() as Loose;
        if (object.kind !== 'Rollout') continue;
        const { spec } = (await rollouts.create({ ...object, metadata: { name: `fixture-${made++}` } })) as {
          spec: Loose;
        };
        expect(spec).toMatchObject(object.spec as Loose);
      }
    },
  );

  it.each<[string, Loose]>([
    [
      'a whole v1beta1 object',
      beta(
        {
          steps: [
            {
              replicas: '20%',
              traffic: '20%',
              pause: {},
              matches: [
                {
                  headers: [{ name: 'a', value: 'b' }],
                  queryParams: [{ name: 'a', value: 'b', type: 'RegularExpression' }],
                  path: { value: '/a' },
                },
              ],
              requestHeaderModifier: {
                set: [{ name: 'a', value: 'b' }],
                add: [{ name: 'a', value: 'b' }],
                remove: ['c'],
              },
            },
          ],
          trafficRoutings: [
            {
              ...nginx,
              gracePeriodSeconds: 0,
              gateway: { httpRouteName: 'r' },
              customNetworkRefs: [{ apiVersion: 'v1', kind: 'K', name: 'n' }],
            },
          ],
          failureThreshold: '50%',
          patchPodTemplateMetadata: { labels: { a: 'b' }, annotations: { a: 'b' } },
          disableGenerateCanaryService: true,
          trafficRoutingRef: 'r',
        },
        { disabled: false },
      ),
    ],
    [
      'a whole v1alpha1 object',
      alpha(
        {
          steps: [{ weight: 5, replicas: 1, pause: { duration: 60 } }, { weight: 100 }],
          trafficRoutings: [{ ...nginx, type: 'nginx' }],
        },
        { rolloutID: '1' },
      ),
    ],
    [
      'both shapes under the other version',
      { ...alpha({ steps: [{ weight: 5, traffic: '5%' }] }), apiVersion: 'rollouts.kruise.io/v1beta1' },
    ],
    [
      'blueGreen with 0 % of traffic',
      beta(
        {},
        {
          strategy: {
            blueGreen: {
              steps: [
                { replicas: '100%', traffic: '0%' },
                { replicas: '100%', traffic: '100%' },
              ],
              trafficRoutings: [nginx],
            },
          },
        },
      ),
    ],
    ['a CloneSet', beta({}, { workloadRef: { apiVersion: 'apps.kruise.io/v1alpha1', kind: 'CloneSet', name: 'owl' } })],
    [
      '50 steps',
      beta({
        steps: Array.from({ length: 50 }, (_, index) => ({
          replicas: `${2 * (index + 1)}%`,
          matches: [{ path: { value: `/${'a'.repeat(1000)}` } }],
        })),
      }),
    ],
    ['more pods than a percentage can say', beta(steps({ replicas: 500 }))],
    ['amounts of mixed kinds', beta(steps({ replicas: '50%' }, { replicas: 1 }, { replicas: '10%' }))],
    ['a style in capital letters', alpha({}, {}, { annotations: { 'rollouts.kruise.io/rolling-style': 'Partition' } })],
  ])('%s', async (_, object) => {
    expect(await rollouts.dryRun(rollouts.own(object))).toBe('');
  });

  it('any progress that a person writes into the status', async () => {
    const object = rollouts.own(beta());
    await rollouts.create(object);
    const name = object.metadata.name;
    const status = {
      phase: 'Progressing',
      invented: 1,
      canaryStatus: { currentStepState: 'StepReady', nextStepIndex: 3, invented: true },
    };
    const answer = await cluster.patch(`${cluster.rollouts(name)}/status`, { status });
    expect(answer.status).toEqual(status);
  });

  it('a plan exactly when it can be parsed', async () => {
    for (const object of [
      alpha(),
      beta(),
      beta(steps({ replicas: '33%' }, { replicas: '34%' })),
      beta(steps({ replicas: '34%' }, { replicas: '33%' })),
    ]) {
      const mine = rollouts.own(object);
      expect((await rollouts.dryRun(mine)) === '').toBe(parseRollout(mine).problems.length === 0);
    }
  });
});

describe('kubectl get rollout', () => {
  it.each(['rollouts.v1beta1.rollouts.kruise.io', 'rollouts.v1alpha1.rollouts.kruise.io'])(
    'shows the progress of %s',
    async (resource) => {
      const object = rollouts.own(beta());
      await rollouts.create(object);
      const { name } = object.metadata as { name: string };
      const progress = { currentStepIndex: 2, currentStepState: 'StepPaused' };
      const status = { phase: 'Progressing', message: 'waiting', ...progress, canaryStatus: progress };
      await until(async () => {
        await cluster.patch(`${cluster.rollouts(name)}/status`, { status });
        const { output } = await cluster.kubectl(['get', resource, name]);
        expect(output).toMatch(/NAME +STATUS +CANARY_STEP +CANARY_STATE +MESSAGE +AGE/);
        return /Progressing +2 +StepPaused +waiting/.test(output);
      });
    },
  );
});
