import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { BackendRef, HttpRouteRule } from '../../activities/kube/objects.ts';
import { Inexpressible } from '../../activities/routes/httpRouteMatches.ts';
import { refersTo, shareOut, weightOf } from '../../activities/routes/httpRouteShares.ts';
import { divide, mentions } from '../../activities/routes/httpRouteSplit.ts';
import { type Note, undo } from '../../activities/routes/httpRouteUndo.ts';
import type { Split } from '../../activities/routes/provider.ts';
import { backendRef, byMatches, byWeight, names, rule, rules, split } from './rules.ts';

type State = { readonly rules: HttpRouteRule[]; readonly note?: Note };

/** What `ensure` does to a route: out with the old division, in with the new one. Undefined when it does not fit. */
function ensure({ rules, note }: State, wanted: Split): State | undefined {
  const own = undo(rules, names, note);
  try {
    const noted = own.filter((each) => mentions([each], names.stableService, names.namespace));
    return { rules: divide(own, names, wanted), note: { split: wanted, rules: noted, refused: [] } };
  } catch (error) {
    if (error instanceof Inexpressible) return undefined;
    throw error;
  }
}

function through(own: HttpRouteRule[], splits: readonly Split[]): State {
  return splits.reduce<State>((state, wanted) => ensure(state, wanted) ?? state, { rules: own });
}

function restore({ rules, note }: State): HttpRouteRule[] {
  return undo(rules, names, note);
}

const isStable = (ref: BackendRef) => refersTo(ref, names.stableService, names.namespace);
const isCanary = (ref: BackendRef) => refersTo(ref, names.canaryService, names.namespace);
const sum = (refs: readonly BackendRef[]) => refs.reduce((total, ref) => total + weightOf(ref), 0);

describe('weights of an HTTPRoute', () => {
  it('are 100 − P and P when the stable Service is alone, whatever weight it had', () => {
    for (const weight of [{}, { weight: 1 }, { weight: 49 }]) {
      const refs = shareOut([{ name: 'web', port: 80, ...weight }], names, 5);
      expect(refs).toEqual([
        { name: 'web', port: 80, weight: 95 },
        { name: 'web-canary', port: 80, weight: 5 },
      ]);
    }
  });

  it('leave other backends of the rule the share they had', () => {
    const refs = [
      { name: 'web', port: 80 },
      { name: 'old', port: 80 },
    ];
    expect(shareOut(refs, names, 20)).toEqual([
      { name: 'web', port: 80, weight: 80 },
      { name: 'web-canary', port: 80, weight: 20 },
      { name: 'old', port: 80, weight: 100 },
    ]);
    const whole = [
      { name: 'web', port: 80, weight: 90 },
      { name: 'old', port: 80, weight: 10 },
    ];
    expect(shareOut(whole, names, 20).map(weightOf)).toEqual([72, 18, 10]);
  });

  it('give the canary exactly P % of what the stable Service had, and no other backend more or less', () => {
    fc.assert(
      fc.property(
        fc.array(backendRef, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 100 }),
        (refs, percent) => {
          const shared = shareOut(refs, names, percent);
          expect(shared.every((ref) => Number.isInteger(weightOf(ref)) && weightOf(ref) <= 1_000_000)).toBe(true);
          const [before, now] = [sum(refs), sum(shared)];
          if (before === 0) return;
          const exact = Math.max(...refs.map(weightOf)) * 100 <= 1_000_000;
          const digits = exact ? 12 : 4;
          const had = sum(refs.filter(isStable)) / before;
          expect(sum(shared.filter(isCanary)) / now).toBeCloseTo((had * percent) / 100, digits);
          expect(sum(shared.filter(isStable)) / now).toBeCloseTo((had * (100 - percent)) / 100, digits);
        },
      ),
    );
  });

  it('never send the canary a request at 0 %', () => {
    fc.assert(
      fc.property(rules, (own) => {
        const state = through(own, [{ traffic: 0 }]);
        for (const { backendRefs = [] } of state.rules) expect(sum(backendRefs.filter(isCanary))).toBe(0);
      }),
    );
  });
});

describe('matches of an HTTPRoute', () => {
  const header = { name: 'user', value: 'a', type: 'Exact' as const };

  it('become a canary rule before the rule they come from, with its conditions and filters', () => {
    const own: HttpRouteRule = {
      name: 'main',
      matches: [{ path: { type: 'PathPrefix', value: '/api' }, method: 'GET' }],
      filters: [{ type: 'ResponseHeaderModifier' }],
      backendRefs: [{ name: 'web', port: 80 }],
      timeouts: { request: '5s' },
    };
    expect(divide([own], names, { matches: [{ headers: [header] }] })).toEqual([
      {
        matches: [{ path: { type: 'PathPrefix', value: '/api' }, method: 'GET', headers: [header] }],
        filters: [{ type: 'ResponseHeaderModifier' }],
        backendRefs: [{ name: 'web-canary', port: 80 }],
        timeouts: { request: '5s' },
      },
      own,
    ]);
  });

  it('mean every path where the rule has no match, and their own path where they have one', () => {
    const own: HttpRouteRule = { backendRefs: [{ name: 'web', port: 80 }] };
    const path = { type: 'Exact' as const, value: '/new' };
    const divided = divide([own], names, { matches: [{ headers: [header] }, { path }] });
    expect(divided[0]?.matches).toEqual([{ path: { type: 'PathPrefix', value: '/' }, headers: [header] }, { path }]);
  });

  it('win over traffic, and leave the user’s own rules as they are', () => {
    fc.assert(
      fc.property(rules, byMatches, (own, wanted) => {
        const state = ensure({ rules: own }, wanted);
        if (state === undefined) return;
        const theirs = state.rules.filter(({ backendRefs = [] }) => !backendRefs.every(isCanary));
        expect(theirs).toEqual(own);
      }),
    );
  });

  it('carry the header changes, in one filter with the rule’s own', () => {
    const own: HttpRouteRule = {
      filters: [
        {
          type: 'RequestHeaderModifier',
          requestHeaderModifier: { set: [{ name: 'x-env', value: 'prod' }], add: [{ name: 'x-via', value: 'a' }] },
        },
      ],
      backendRefs: [{ name: 'web', port: 80 }],
    };
    const requestHeaderModifier = {
      set: [{ name: 'X-Env', value: 'canary' }],
      add: [{ name: 'X-Via', value: 'b' }],
      remove: ['x-old'],
    };
    const [canary, stable] = divide([own], names, { matches: [{ headers: [header] }], requestHeaderModifier });
    expect(canary?.filters).toEqual([
      {
        type: 'RequestHeaderModifier',
        requestHeaderModifier: {
          set: [{ name: 'X-Env', value: 'canary' }],
          add: [{ name: 'x-via', value: 'a,b' }],
          remove: ['x-old'],
        },
      },
    ]);
    expect(stable).toEqual(own);
  });

  it('are refused with words when the route cannot hold them', () => {
    const own: HttpRouteRule[] = Array.from({ length: 9 }, (_, index) => ({
      matches: [{ path: { type: 'PathPrefix', value: `/${index}` } }],
      backendRefs: [{ name: 'web', port: 80 }],
    }));
    expect(() => divide(own, names, { matches: [{ headers: [header] }] })).toThrow('takes 18 rules');
    const regular = { ...header, type: 'RegularExpression' as const };
    const conditioned: HttpRouteRule = { matches: [{ headers: [header] }], backendRefs: [{ name: 'web', port: 80 }] };
    expect(() => divide([conditioned], names, { matches: [{ headers: [regular] }] })).toThrow(
      'another condition on the header user',
    );
    const other = { ...header, value: 'b' };
    expect(() => divide([conditioned], names, { matches: [{ headers: [other] }] })).toThrow(
      'none of the matches can ever meet',
    );
  });

  it('stay one to a rule where a filter replaces the matched prefix', () => {
    const filters = [
      { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } },
    ];
    const own: HttpRouteRule = {
      filters,
      matches: [{ path: { type: 'PathPrefix', value: '/v1' } }],
      backendRefs: [{ name: 'web', port: 80 }],
    };
    const divided = divide([own], names, {
      matches: [{ headers: [header] }, { headers: [{ ...header, name: 'beta' }] }],
    });
    expect(divided.map(({ matches }) => matches?.length)).toEqual([1, 1, 1]);
  });

  it('keep within the limits of the API', () => {
    fc.assert(
      fc.property(rules, fc.array(split, { maxLength: 4 }), (own, splits) => {
        const { rules: divided } = through(own, splits);
        expect(divided.length).toBeLessThanOrEqual(16);
        for (const { matches = [], filters = [] } of divided) {
          expect(matches.length).toBeLessThanOrEqual(64);
          for (const { headers = [] } of matches)
            expect(new Set(headers.map(({ name }) => name.toLowerCase())).size).toBe(headers.length);
          const kinds = filters.map((filter) => (filter as { type: string }).type);
          expect(new Set(kinds).size).toBe(kinds.length);
        }
      }),
    );
  });
});

describe('the way back of an HTTPRoute', () => {
  it('is to exactly the user’s rules, after any steps in any order', () => {
    fc.assert(
      fc.property(rules, fc.array(split, { minLength: 1, maxLength: 6 }), (own, splits) => {
        expect(restore(through(own, splits))).toEqual(own);
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on what came before: the same step twice, or after others, is the same route', () => {
    fc.assert(
      fc.property(rules, fc.array(split, { maxLength: 4 }), split, (own, splits, last) => {
        const direct = ensure({ rules: own }, last);
        if (direct === undefined) return;
        const state = through(own, [...splits, last]);
        expect(state).toEqual(direct);
        expect(ensure(state, last)).toEqual(state);
      }),
      { numRuns: 500 },
    );
  });

  const edit = fc.oneof(
    fc.record({ kind: fc.constant('timeout' as const), at: fc.nat(9) }),
    fc.record({ kind: fc.constant('remove' as const), at: fc.nat(9) }),
    fc.record({ kind: fc.constant('insert' as const), at: fc.nat(9), rule }),
    fc.record({ kind: fc.constant('swap' as const), at: fc.nat(9) }),
  );

  it('keeps what the user edited in between', () => {
    // Rules that differ in their weights alone cannot be told apart once they are edited; users' rules differ in matches.
    const distinct = rules.map((list) =>
      list.map((each, index) => ({ ...each, matches: [{ path: { type: 'PathPrefix', value: `/${index}` } }] })),
    );
    fc.assert(
      fc.property(distinct, byWeight, edit, (own, wanted, change) => {
        const state = through(own, [wanted]);
        const at = change.at % own.length;
        const apply = (list: HttpRouteRule[]): HttpRouteRule[] => {
          if (change.kind === 'timeout')
            return list.map((each, index) => (index === at ? { ...each, timeouts: { request: '9s' } } : each));
          if (change.kind === 'remove') return list.filter((_, index) => index !== at);
          if (change.kind === 'insert') return list.toSpliced(at, 0, change.rule);
          return list.toSpliced(at, 1).concat(list.slice(at, at + 1));
        };
        const edited: State = { ...state, rules: apply(state.rules) };
        expect(restore(edited)).toEqual(apply(own));
        const next = ensure(edited, { traffic: 50 });
        expect(next === undefined ? apply(own) : restore(next)).toEqual(apply(own));
      }),
      { numRuns: 500 },
    );
  });

  it('takes a tool’s re-applied rules as they are', () => {
    fc.assert(
      fc.property(rules, split, (own, wanted) => {
        const state = through(own, [wanted]);
        expect(restore({ ...state, rules: own })).toEqual(own);
        expect(ensure({ ...state, rules: own }, wanted) ?? state).toEqual(state);
      }),
    );
  });

  it('gives back the weight the user had when a hand has been on the division', () => {
    const own: HttpRouteRule[] = [{ backendRefs: [{ name: 'web', port: 80 }] }];
    const state = through(own, [{ traffic: 20 }]);
    const moved = state.rules.map((each) => ({
      ...each,
      backendRefs: (each.backendRefs ?? []).map((ref) => ({ ...ref, weight: 50 })),
    }));
    expect(restore({ ...state, rules: moved })).toEqual(own);
  });

  it('gives an untouched rule its original, whatever look-alike is put before it', () => {
    const own: HttpRouteRule[] = [{ backendRefs: [{ name: 'web', port: 80, weight: 5 }] }];
    const state = through(own, [{ traffic: 20 }]);
    const copy = { ...state.rules[0], timeouts: { request: '9s' } };
    expect(restore({ ...state, rules: [copy, ...state.rules] })[1]).toEqual(own[0]);
  });

  it('finds what is ours without the note, by the name of the canary', () => {
    const state = through([{ backendRefs: [{ name: 'web', port: 80 }] }], [{ traffic: 20 }]);
    expect(restore({ rules: state.rules })).toEqual([{ backendRefs: [{ name: 'web', port: 80, weight: 100 }] }]);
  });

  it('of two releases on one route leaves the other’s division alone', () => {
    const own: HttpRouteRule[] = [
      { matches: [{ path: { type: 'PathPrefix', value: '/a' } }], backendRefs: [{ name: 'web', port: 80 }] },
      { matches: [{ path: { type: 'PathPrefix', value: '/b' } }], backendRefs: [{ name: 'api', port: 80 }] },
    ];
    const others = { namespace: 'shop', stableService: 'api', canaryService: 'api-canary' };
    const mine = through(own, [{ traffic: 20 }]);
    const both = divide(mine.rules, others, { traffic: 40 });
    const [first, second] = restore({ ...mine, rules: both });
    expect(first).toEqual(own[0]);
    expect(second?.backendRefs?.map(weightOf)).toEqual([60, 40]);
  });
});
