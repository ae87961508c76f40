import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseFile } from '../../spec/file.ts';
import { formatPath, parsePath } from '../../spec/path.ts';
import { parseRollout } from '../../spec/rollout.ts';
import { alpha, beta, type Loose } from './objects.ts';

const pause = fc.option(fc.oneof(fc.constant({}), fc.record({ duration: fc.nat({ max: 100_000 }) })), {
  nil: undefined,
});
const headers = fc.option(fc.constant([{ headers: [{ name: 'user-agent', value: 'android' }] }]), { nil: undefined });

// In rising order, so that the plan is legal; the same numbers are both weights and shares of pods.
const stepList = fc
  .array(fc.record({ weight: fc.integer({ min: 1, max: 100 }), pause, matches: headers, count: fc.boolean() }), {
    minLength: 1,
    maxLength: 50,
  })
  .map((list) => list.sort((one, other) => one.weight - other.weight));

const plainRouting = fc.option(
  fc.record({ gracePeriodSeconds: fc.nat({ max: 60 }), classType: fc.constantFrom('nginx', 'higress') }),
  { nil: undefined },
);

describe('any plan', () => {
  it('is the same plan in the shape of v1alpha1 and of v1beta1, and in the older spellings', () => {
    fc.assert(
      fc.property(stepList, plainRouting, fc.boolean(), (list, routing, paused) => {
        const older = list.map(({ weight, count, ...rest }) =>
          count ? { weight, replicas: weight, ...rest } : { weight, ...rest },
        );
        const newer = list.map(({ weight, count, ...rest }) => ({
          traffic: `${weight}%`,
          replicas: count ? weight : `${weight}%`,
          ...rest,
        }));
        const service = { service: 'owl', gracePeriodSeconds: routing?.gracePeriodSeconds };
        const ingress = routing && [{ ...service, ingress: { name: 'owl', classType: routing.classType } }];
        const typed = routing && [{ ...service, type: routing.classType, ingress: { name: 'owl' } }];
        const one = withPaused(alpha({ steps: older, trafficRoutings: typed }), paused);
        const two = withPaused(beta({ steps: newer, trafficRoutings: ingress }), paused);
        const parsed = parseRollout(one);
        expect(parsed.problems).toEqual([]);
        expect(parsed.plan).toBeDefined();
        expect(parsed).toEqual(parseRollout(two));
        expect(parsed).toEqual(parseRollout({ ...one, apiVersion: 'rollouts.kruise.io/v1beta1' }));
        expect(parsed.switches.paused).toBe(paused);
      }),
    );
  });

  it('crosses the workflow boundary as it is', () => {
    fc.assert(
      fc.property(stepList, (list) => {
        const { plan } = parseRollout(alpha({ steps: list.map(({ count: _, ...step }) => step) }));
        expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
      }),
    );
  });
});

describe('any input', () => {
  it('is answered with a plan or with problems, never with an exception', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (one, two, three) => {
        for (const object of [
          one,
          beta({ steps: one, trafficRoutings: two, failureThreshold: three } as Loose),
          beta({}, { workloadRef: one, strategy: two } as Loose),
          alpha({ steps: [one, two] }, { objectRef: three } as Loose, { annotations: two } as Loose),
        ]) {
          const { plan, problems } = parseRollout(object);
          expect(plan === undefined).toBe(problems.length > 0);
          for (const { path } of problems) if (path !== undefined) expect(formatPath(parsePath(path))).toBe(path);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('of text is answered with documents', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.jsonValue().map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(text, (input) => {
        for (const { problems } of parseFile(input, 'any.yaml')) {
          for (const { line, column } of problems) expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a path', () => {
  it('comes back from its text', () => {
    const segment = fc.oneof(fc.string(), fc.nat());
    fc.assert(
      fc.property(fc.array(segment), (path) => {
        expect(parsePath(formatPath(path))).toEqual(path);
      }),
    );
  });
});

function withPaused(object: Loose, paused: boolean): Loose {
  const spec = object.spec as Loose;
  return { ...object, spec: { ...spec, strategy: { ...(spec.strategy as Loose), paused } } };
}
