/** From the rules a user wrote to the rules that divide requests between two Services. Pure. */
import type { HttpRouteMatch, HttpRouteRule } from '../kube/objects.ts';
import { canaryRules, Inexpressible } from './httpRouteMatches.ts';
import { type Names, refersTo, shareOut } from './httpRouteShares.ts';
import { same } from './marks.ts';
import type { Split } from './provider.ts';

const limits = { rules: 16, matches: 128, conditions: 16, backends: 16, filters: 16, headers: 16 };

/** Does the route send any request to this Service (or could, with another weight)? */
export function mentions(rules: readonly HttpRouteRule[], service: string, namespace: string): boolean {
  return rules.some((rule) => (rule.backendRefs ?? []).some((ref) => refersTo(ref, service, namespace)));
}

/** What becomes of the user's rule itself: where matches select the requests, nothing; else its weights are divided. */
export function dividedRule(rule: HttpRouteRule, names: Names, split: Split): HttpRouteRule {
  if ((split.matches ?? []).length > 0) return rule;
  const refs = rule.backendRefs ?? [];
  if (!refs.some((ref) => refersTo(ref, names.stableService, names.namespace))) return rule;
  return { ...rule, backendRefs: shareOut(refs, names, split.traffic ?? 0) };
}

/**
 * The rules with `split` in force; `rules` have nothing of ours in them. Matches win over traffic. Throws
 * {@link Inexpressible}, with the reason in words, when the API has no room for it.
 */
export function divide(rules: readonly HttpRouteRule[], names: Names, split: Split): HttpRouteRule[] {
  const selects = (split.matches ?? []).length > 0;
  const selected: HttpRouteMatch[] = [];
  const divided = rules.flatMap((rule) => {
    const own = dividedRule(rule, names, split);
    if (!selects) return [own];
    // The first rule that a request matches has it: the same match once more would only take up room.
    const before = canaryRules(rule, names, split).flatMap((made) => {
      const matches = (made.matches ?? []).filter((match) => !selected.some((other) => same(other, match)));
      selected.push(...matches);
      return matches.length === 0 ? [] : [{ ...made, matches }];
    });
    return [...before, own];
  });
  if (selects && selected.length === 0)
    throw new Inexpressible(
      'none of the matches can ever meet a rule that leads to the stable Service: correct the step',
    );
  checkLimits(divided);
  return divided;
}

function checkLimits(rules: readonly HttpRouteRule[]): void {
  const most = (what: string, count: number, limit: number) => {
    if (count > limit)
      throw new Inexpressible(
        `that takes ${count} ${what}, and the Gateway API allows ${limit}: use fewer matches in the step, or fewer rules or matches in the route`,
      );
  };
  most('rules', rules.length, limits.rules);
  // A rule without matches has one by default.
  most(
    'matches',
    rules.reduce((sum, { matches }) => sum + Math.max(1, matches?.length ?? 1), 0),
    limits.matches,
  );
  for (const { matches = [], backendRefs = [], filters = [] } of rules) {
    most('backends in a rule', backendRefs.length, limits.backends);
    most('filters in a rule', filters.length, limits.filters);
    for (const { headers = [], queryParams = [] } of matches) {
      most('headers in a match', headers.length, limits.conditions);
      most('query parameters in a match', queryParams.length, limits.conditions);
    }
    for (const filter of filters) {
      const { requestHeaderModifier = {} } = filter as { requestHeaderModifier?: Record<string, unknown[]> };
      for (const list of Object.values(requestHeaderModifier))
        most('header changes in a rule', list.length, limits.headers);
    }
  }
}
