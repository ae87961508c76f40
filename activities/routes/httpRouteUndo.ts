/**
 * From rules with our division in them back to the user's. Pure.
 *
 * What we wrote is recognised rule by rule, so that an edit to one rule, or another release's division of another, leaves
 * the way back for the rest exact.
 */
import type { BackendRef, HttpRouteRule } from '../kube/objects.ts';
import { type Names, refersTo, weightOf } from './httpRouteShares.ts';
import { dividedRule } from './httpRouteSplit.ts';
import { same } from './marks.ts';
import type { Split } from './provider.ts';

/** What is noted on the route while it is divided. */
export type Note = {
  /** The division last written. */
  readonly split: Split;
  /** The user's rules that lead to the stable Service, as they were. */
  readonly rules: readonly HttpRouteRule[];
  /** What controllers refused before we touched the route. */
  readonly refused: readonly string[];
};

type Pair = { readonly own: HttpRouteRule; readonly divided: HttpRouteRule };

/** The user's rules: exactly as they were where nobody else changed them, and with their edits where somebody did. */
export function undo(rules: readonly HttpRouteRule[], names: Names, note: Note | undefined): HttpRouteRule[] {
  const pairs = (note?.rules ?? []).map((own) => ({ own, divided: dividedRule(own, names, note?.split ?? {}) }));
  const theirs = rules.filter((rule) => !isOurs(rule, names));
  const left = new Set<Pair>(pairs);
  const take = (test: (pair: Pair) => boolean) => {
    const found = [...left].find(test);
    if (found !== undefined) left.delete(found);
    return found;
  };
  // Untouched rules take their originals first, so that an edited look-alike before them cannot.
  const exact = theirs.map((rule) => take(({ own, divided }) => same(divided, rule) || same(own, rule))?.own);
  return theirs.map((rule, index) => {
    const original = exact[index];
    if (original !== undefined) return original;
    const refs = rule.backendRefs ?? [];
    if (!refs.some((ref) => isStable(ref, names) || isCanary(ref, names))) return rule;
    const origin =
      take(({ divided }) => same(divided.backendRefs, refs) && same(divided.matches, rule.matches)) ??
      take(({ divided }) => same(divided.backendRefs, refs)) ??
      take(({ divided }) => same(divided.matches, rule.matches));
    return { ...rule, backendRefs: undoRefs(refs, names, origin) };
  });
}

/** A rule that leads to the canary alone is one that `matches` made: no user's rule does. */
function isOurs({ backendRefs = [] }: HttpRouteRule, names: Names): boolean {
  return backendRefs.length > 0 && backendRefs.every((ref) => isCanary(ref, names));
}

/** An edited rule without the canary; its weights as the user had them, as far as the edit lets that be known. */
function undoRefs(refs: readonly BackendRef[], names: Names, origin: Pair | undefined): BackendRef[] {
  const theirs = refs.filter((ref) => !isCanary(ref, names));
  const ours = refs.filter((ref) => isCanary(ref, names));
  const own = origin?.own.backendRefs ?? [];
  const written = (origin?.divided.backendRefs ?? []).filter((ref) => !isCanary(ref, names));
  const sameScale = (every: boolean) =>
    written.length === theirs.length &&
    theirs.every((ref, index) => {
      const other = written[index] as BackendRef;
      return (
        isStable(ref, names) === isStable(other, names) && (sameWeight(ref, other) || (!every && isStable(ref, names)))
      );
    });
  // With the canary still there, a stable weight that is not ours is somebody's hand on the division, not on the route.
  if (sameScale(ours.length === 0)) return theirs.map((ref, index) => withWeightOf(ref, own[index] as BackendRef));
  // The weights are the user's now: the stable Service gets back what was divided, in their scale.
  return theirs.map((ref) => {
    if (!isStable(ref, names)) return ref;
    const twin = ours.find((other) => same({ ...other, weight: 0, name: '' }, { ...ref, weight: 0, name: '' }));
    return twin === undefined ? ref : { ...ref, weight: weightOf(ref) + weightOf(twin) };
  });
}

function withWeightOf(ref: BackendRef, { weight }: BackendRef): BackendRef {
  const { weight: _, ...rest } = ref;
  return weight === undefined ? rest : { ...rest, weight };
}

function sameWeight(one: BackendRef, other: BackendRef): boolean {
  return weightOf(one) === weightOf(other);
}

function isStable(ref: BackendRef, { stableService, namespace }: Names): boolean {
  return refersTo(ref, stableService, namespace);
}

function isCanary(ref: BackendRef, { canaryService, namespace }: Names): boolean {
  return refersTo(ref, canaryService, namespace);
}
