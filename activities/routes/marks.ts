/** How objects that Sluice makes, and what it notes on objects it borrows, are told from everything else. */
import { isDeepStrictEqual } from 'node:util';
import { keys } from '../keys.ts';
import type { KubeObject, OwnerReference } from '../kube/objects.ts';

/** Annotations written by this room. All but `stableService` are on users' objects and gone after a release. */
export const marks = {
  /** On a made Service or Ingress: the stable Service it was made for. */
  stableService: 'sluice.dev/stable-service',
  /** On a stable Service: the selector value that the pin replaced, and the pin. JSON. */
  pinned: 'sluice.dev/pinned',
  /** On an HTTPRoute: the rules as their owner had them, by stable Service. JSON. */
  originalRules: 'sluice.dev/original-rules',
} as const;

/** Deep equality of JSON values; a field that is undefined counts as absent. */
export function same(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(plain(one), plain(other));
}

/** True if everything in `wanted` is in `actual`; objects in it may have further fields, as servers fill in defaults. */
export function covers(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return (
      Array.isArray(actual) &&
      actual.length === wanted.length &&
      wanted.every((each, index) => covers(actual[index], each))
    );
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted;
  if (typeof actual !== 'object' || actual === null) return false;
  return Object.entries(wanted).every(
    ([key, value]) => value === undefined || covers((actual as Record<string, unknown>)[key], value),
  );
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

/**
 * True if the object was made for `stableService`: by us, as its mark says, or by OpenKruise for a release that is taken
 * over (it marks with the owner only; `leadsTo` then has to say that nothing but the canary is behind it).
 */
export function isMadeFor(object: KubeObject, stableService: string, leadsTo: boolean): boolean {
  const mark = object.metadata.annotations?.[marks.stableService];
  if (mark !== undefined) return mark === stableService;
  return leadsTo && (object.metadata.ownerReferences ?? []).some(isRollout);
}

function isRollout(owner: OwnerReference): boolean {
  return owner.kind === 'Rollout' && owner.apiVersion.startsWith('rollouts.kruise.io/');
}

/** A user's annotations as they may be copied: without kubectl's record of another object, and without our notes. */
export function copyable(annotations: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const kept = Object.entries(annotations ?? {}).filter(
    ([key]) => key !== keys.lastApplied && !key.startsWith('sluice.dev/'),
  );
  return Object.fromEntries(kept);
}

/** True if every entry of `wanted` is in `actual`, which may have more. */
export function includes(
  actual: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([key, value]) => actual?.[key] === value);
}
