/** Arbitrary HTTPRoute rules, as an API server would show them, and arbitrary splits, for fast-check. */
import fc from 'fast-check';
import type { BackendRef, HttpRouteMatch, HttpRouteRule } from '../../activities/kube/objects.ts';
import type { Names } from '../../activities/routes/httpRouteShares.ts';
import type { Split } from '../../activities/routes/provider.ts';

export const names: Names = { namespace: 'shop', stableService: 'web', canaryService: 'web-canary' };

const weight = fc.oneof(
  fc.constant(undefined),
  fc.constant(0),
  fc.integer({ min: 1, max: 200 }),
  fc.constant(1_000_000),
);

const services = fc.oneof(
  { weight: 3, arbitrary: fc.constant('web') },
  { weight: 2, arbitrary: fc.constantFrom('api', 'web2') },
);

export const backendRef: fc.Arbitrary<BackendRef> = fc
  .record({
    name: services,
    port: fc.constantFrom(80, 8080),
    weight,
    explicit: fc.boolean(),
    namespace: fc.constantFrom(undefined, undefined, 'shop', 'other'),
  })
  .map(({ name, port, weight, explicit, namespace }) => ({
    name,
    port,
    ...(explicit ? { group: '', kind: 'Service' } : {}),
    ...(namespace === undefined ? {} : { namespace }),
    ...(weight === undefined ? {} : { weight }),
  }));

const headers = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('user', 'Region', 'beta'),
    value: fc.constantFrom('a', 'b'),
    type: fc.constant('Exact' as const),
  }),
  { selector: ({ name }) => name.toLowerCase(), maxLength: 2 },
);
const queryParams = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('v', 'q'), value: fc.constantFrom('1', '2'), type: fc.constant('Exact' as const) }),
  { selector: ({ name }) => name, maxLength: 2 },
);
const path = fc.record({
  type: fc.constantFrom('PathPrefix' as const, 'Exact' as const),
  value: fc.constantFrom('/', '/api', '/shop/x'),
});

const match: fc.Arbitrary<HttpRouteMatch> = fc.record(
  { path, headers, queryParams, method: fc.constantFrom('GET', 'POST') },
  { requiredKeys: [] },
);

export const rule: fc.Arbitrary<HttpRouteRule> = fc.record(
  {
    backendRefs: fc.array(backendRef, { minLength: 1, maxLength: 4 }),
    matches: fc.array(match, { minLength: 1, maxLength: 3 }),
    filters: fc.constantFrom<unknown[]>(
      [],
      [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-env', value: 'prod' }] } }],
      [{ type: 'ResponseHeaderModifier', responseHeaderModifier: { remove: ['server'] } }],
    ),
    timeouts: fc.constant({ request: '5s' }),
    name: fc.constantFrom('one', 'two'),
  },
  { requiredKeys: ['backendRefs'] },
);

export const rules: fc.Arbitrary<HttpRouteRule[]> = fc.array(rule, { minLength: 1, maxLength: 4 });

export const byWeight: fc.Arbitrary<Split> = fc.record({ traffic: fc.integer({ min: 0, max: 100 }) });

export const byMatches: fc.Arbitrary<Split> = fc.record(
  {
    matches: fc.array(fc.record({ path, headers, queryParams }, { requiredKeys: [] }), { minLength: 1, maxLength: 3 }),
    traffic: fc.integer({ min: 0, max: 100 }),
    requestHeaderModifier: fc.constant({
      set: [{ name: 'X-Env', value: 'canary' }],
      add: [{ name: 'x-seen', value: '1' }],
    }),
  },
  { requiredKeys: ['matches'] },
);

export const split: fc.Arbitrary<Split> = fc.oneof(byWeight, byMatches);
