/** Rules that send only matching requests to the canary, made from a rule that sends its requests to the stable Service. Pure. */
import type { HeaderModifier, HeaderValue, RouteMatch } from '../../domain/plan.ts';
import type { HttpRouteMatch, HttpRouteRule } from '../kube/objects.ts';
import { type Names, refersTo, weightOf } from './httpRouteShares.ts';
import { same } from './marks.ts';
import type { Split } from './provider.ts';

type Condition = { readonly name: string; readonly value: string; readonly type?: string };

/** Why a split cannot be written into a route, in words. */
export class Inexpressible extends Error {
  override readonly name = 'Inexpressible';
}

const everything: HttpRouteMatch = { path: { type: 'PathPrefix', value: '/' } };

/** The API's bound for the matches of one rule. */
const maxMatches = 64;

/**
 * The rules to stand before `rule`: each of its matches combined with each of the split's (whose path, if it has one,
 * takes the place of the rule's), leading to the canary alone. None where the rule sends the stable Service nothing.
 */
export function canaryRules(rule: HttpRouteRule, names: Names, split: Split): HttpRouteRule[] {
  const stable = (rule.backendRefs ?? []).filter((ref) => refersTo(ref, names.stableService, names.namespace));
  if (stable.reduce((sum, ref) => sum + weightOf(ref), 0) === 0) return [];
  const own = rule.matches === undefined || rule.matches.length === 0 ? [everything] : rule.matches;
  const matches = own.flatMap((base) => (split.matches ?? []).flatMap((wanted) => combine(base, wanted)));
  // A rule's name is unique in its route, so it stays with the user's rule.
  const { name: _, filters, ...rest } = rule;
  const modified = withModifier(filters, split.requestHeaderModifier);
  return chunks(unique(matches), replacesPrefix(filters) ? 1 : maxMatches).map((some) => ({
    ...rest,
    matches: some,
    ...(modified === undefined ? {} : { filters: modified }),
    backendRefs: stable.map((ref) => ({ ...ref, name: names.canaryService })),
  }));
}

/** Requests that fulfil both; none when they contradict each other. */
function combine(base: HttpRouteMatch, wanted: RouteMatch): HttpRouteMatch[] {
  const headers = both('header', base.headers ?? [], wanted.headers ?? [], (name) => name.toLowerCase());
  const queryParams = both('query parameter', base.queryParams ?? [], wanted.queryParams ?? [], (name) => name);
  if (headers === undefined || queryParams === undefined) return [];
  const path = wanted.path ?? base.path;
  return [
    {
      ...base,
      ...(path === undefined ? {} : { path }),
      ...(headers.length === 0 ? {} : { headers }),
      ...(queryParams.length === 0 ? {} : { queryParams }),
    },
  ];
}

/** A route may name a header once in a match, so two conditions on one are made one; undefined if they exclude each other. */
function both(
  what: string,
  base: readonly Condition[],
  wanted: readonly Condition[],
  key: (name: string) => string,
): Required<Condition>[] | undefined {
  const all = base.map(explicit);
  for (const condition of wanted.map(explicit)) {
    const other = all.find(({ name }) => key(name) === key(condition.name));
    if (other === undefined) all.push(condition);
    else if (other.value === condition.value && other.type === condition.type) continue;
    else if (other.type === 'Exact' && condition.type === 'Exact') return undefined;
    else
      throw new Inexpressible(
        `it has another condition on the ${what} ${condition.name} already, and may name one only once in a match: take one of the two away`,
      );
  }
  return all;
}

function explicit(condition: Condition): Required<Condition> {
  return { ...condition, type: condition.type ?? 'Exact' };
}

/** The rule's filters with the step's header changes; one filter, since a route may not repeat it. */
function withModifier(filters: unknown[] | undefined, modifier: HeaderModifier | undefined): unknown[] | undefined {
  if (modifier === undefined) return filters;
  const kept = filters ?? [];
  const own = kept.find(isHeaderModifier);
  const merged = {
    type: 'RequestHeaderModifier',
    requestHeaderModifier: mergeModifiers(own?.requestHeaderModifier, modifier),
  };
  if (own === undefined) return [...kept, merged];
  return kept.map((filter) => (filter === own ? { ...own, ...merged } : filter));
}

/** Where both speak of a header, the step has the word; what both add is added together. */
function mergeModifiers(own: HeaderModifier = {}, step: HeaderModifier): HeaderModifier {
  const named = (list: readonly HeaderValue[] | undefined, name: string) =>
    list?.find((each) => equal(each.name, name));
  const overruled = (name: string) =>
    named(step.set, name) !== undefined || (step.remove ?? []).some((each) => equal(each, name));
  const set = [...(own.set ?? []).filter(({ name }) => !overruled(name)), ...(step.set ?? [])];
  const ownAdd = (own.add ?? [])
    .filter(({ name }) => !overruled(name))
    .map((each) => {
      const more = named(step.add, each.name);
      return more === undefined ? each : { name: each.name, value: `${each.value},${more.value}` };
    });
  const add = [...ownAdd, ...(step.add ?? []).filter(({ name }) => named(ownAdd, name) === undefined)];
  const ownRemove = (own.remove ?? []).filter((name) => !overruled(name) && named(step.add, name) === undefined);
  const remove = [...ownRemove, ...(step.remove ?? [])];
  return {
    ...(set.length === 0 ? {} : { set }),
    ...(add.length === 0 ? {} : { add }),
    ...(remove.length === 0 ? {} : { remove }),
  };
}

function isHeaderModifier(filter: unknown): filter is { type: string; requestHeaderModifier?: HeaderModifier } {
  return (filter as { type?: string }).type === 'RequestHeaderModifier';
}

/** A filter that replaces the matched prefix needs to know which: the API allows such a rule one match only. */
function replacesPrefix(filters: unknown[] | undefined): boolean {
  return (filters ?? []).some((filter) => {
    const { urlRewrite } = filter as { urlRewrite?: { path?: { type?: string } } };
    return urlRewrite?.path?.type === 'ReplacePrefixMatch';
  });
}

function equal(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Each match once. */
export function unique(matches: readonly HttpRouteMatch[]): HttpRouteMatch[] {
  return matches.filter((match, index) => matches.findIndex((other) => same(other, match)) === index);
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  const made: T[][] = [];
  for (let start = 0; start < list.length; start += size) made.push(list.slice(start, start + size));
  return made;
}
