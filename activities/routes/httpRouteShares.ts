/** Dividing what the stable Service gets in a rule of an HTTPRoute. Pure. */
import type { BackendRef } from '../kube/objects.ts';

export type Names = { readonly namespace: string; readonly stableService: string; readonly canaryService: string };

/** The API's bound for one weight. */
const maxWeight = 1_000_000;

/** Is this reference to that Service of the route's own namespace? Kind and group left out mean a core Service. */
export function refersTo(ref: BackendRef, service: string, namespace: string): boolean {
  return (
    ref.name === service &&
    (ref.kind ?? 'Service') === 'Service' &&
    (ref.group ?? '') === '' &&
    (ref.namespace ?? namespace) === namespace
  );
}

/** The API's meaning of a weight that is left out. */
export function weightOf(ref: BackendRef): number {
  return ref.weight ?? 1;
}

/**
 * Gives the canary exactly `percent` of what each stable reference has, beside it, and every other backend the share it
 * had. Weights stay integers: those of a rule are scaled together where needed. Alone in its rule, the stable reference
 * becomes 100 − percent and the canary percent. A reference of weight 0 gets no requests to divide and stays as it is.
 */
export function shareOut(refs: readonly BackendRef[], names: Names, percent: number): BackendRef[] {
  const isStable = (ref: BackendRef) => refersTo(ref, names.stableService, names.namespace);
  const divided = refs.filter((ref) => isStable(ref) && weightOf(ref) > 0);
  if (divided.length === 0) return [...refs];
  const alone = refs.length === 1;
  const scale = scaleFor(divided.map(weightOf), percent);
  const shares = refs.map((ref): readonly [BackendRef, number, number] => {
    const whole = alone ? 100 : weightOf(ref) * scale;
    const part = divided.includes(ref) ? (whole * percent) / 100 : 0;
    return [ref, whole - part, part];
  });
  const fitted = fitting(shares.flatMap(([, rest, part]) => [rest, part]));
  return shares.flatMap(([ref, rest, part]) => {
    // Weights that nothing was done to stay unwritten where the user left them out.
    const kept = fitted(rest) === weightOf(ref) ? ref : { ...ref, weight: fitted(rest) };
    if (!divided.includes(ref)) return [kept];
    return [kept, { ...ref, name: names.canaryService, weight: fitted(part) }];
  });
}

/** The smallest readable factor with which each percentage comes out whole: 1, or 100, where a user's 1 becomes 100 parts. */
function scaleFor(weights: readonly number[], percent: number): number {
  return weights.every((weight) => (weight * percent) % 100 === 0) ? 1 : 100;
}

/** Brings weights above the API's bound below it: exactly by their common divisor, else as nearly as it allows. */
function fitting(weights: readonly number[]): (weight: number) => number {
  const highest = Math.max(...weights);
  if (highest <= maxWeight) return (weight) => weight;
  const divisor = weights.reduce(gcd, 0);
  if (highest / divisor <= maxWeight) return (weight) => weight / divisor;
  return (weight) => Math.floor((weight * maxWeight) / highest);
}

function gcd(one: number, other: number): number {
  return other === 0 ? one : gcd(other, one % other);
}
