import { Field } from './field.ts';
import type { Path } from './path.ts';
import { rollout } from './schema/rollout.ts';
import type { Schema } from './schema/types.ts';

/** A field that no Rollout has, and the known field it may have been meant to be. */
export type UnknownField = { readonly path: Path; readonly meant?: string };

/** All fields of a Rollout that its schema does not know, outermost first. Metadata is not looked at. */
export function unknownFields(object: unknown): UnknownField[] {
  const found: UnknownField[] = [];
  walk(object, rollout, [], found);
  return found;
}

function walk(value: unknown, schema: Schema, path: Path, found: UnknownField[]): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return;
    for (const [index, item] of value.entries()) walk(item, items, [...path, index], found);
  } else if (typeof value === 'object' && value !== null && schema.properties !== undefined) {
    const open = schema['x-kubernetes-preserve-unknown-fields'] === true;
    for (const [key, inner] of Object.entries(value)) {
      const known = Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
      if (known !== undefined) walk(inner, known, [...path, key], found);
      else if (!open) found.push(unknown([...path, key], key, Object.keys(schema.properties)));
    }
  }
}

function unknown(path: Path, key: string, known: readonly string[]): UnknownField {
  const meant = nearest(key, known);
  return meant === undefined ? { path } : { path, meant };
}

/** The candidate that `text` is a slip of the keyboard away from, if there is one. */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  // Slips keep most of a word: a limit on the distance keeps suggestions from being guesses, and the work small.
  if (text.length > 64) return undefined;
  const limit = Math.max(1, Math.floor(text.length / 3));
  const scored = candidates
    .map((candidate) => ({ candidate, distance: distance(text.toLowerCase(), candidate.toLowerCase()) }))
    .filter((scoredCandidate) => scoredCandidate.distance <= limit)
    .sort((one, other) => one.distance - other.distance);
  return scored[0]?.candidate;
}

/** Levenshtein's distance. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}

const words: Readonly<Record<string, readonly string[]>> = {
  kind: ['Rollout', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'CloneSet'],
  apiVersion: ['rollouts.kruise.io/v1beta1', 'rollouts.kruise.io/v1alpha1', 'apps/v1', 'apps.kruise.io/v1alpha1'],
  classType: ['nginx', 'higress'],
  type: ['Exact', 'PathPrefix', 'RegularExpression', 'nginx', 'higress'],
};

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** What a value with a problem may have been meant to be, in words; undefined when nothing comes to mind. */
export function valueHint(object: unknown, path: Path): string | undefined {
  const { value } = new Field(object, [], []).at(...path);
  const key = path.at(-1);
  if (typeof key !== 'string') return undefined;
  if (key === 'traffic' && typeof value === 'number') return `write "${value}%"`;
  if (typeof value !== 'string') return undefined;
  if (key === 'traffic' && /^\d+$/.test(value)) return `write "${value}%"`;
  if (key === 'replicas' && /^\d+$/.test(value))
    return `write ${value} for a number of pods, or "${value}%" for a share of them`;
  if (key === 'weight' && /^\d+%?$/.test(value)) return `write ${Number.parseInt(value, 10)}, without quotes`;
  if (key === 'duration') return durationHint(value);
  const lowered = value.toLowerCase();
  const meant = nearest(lowered, words[key] ?? []);
  return meant === undefined || meant === value ? undefined : `did you mean ${meant}?`;
}

function durationHint(value: string): string | undefined {
  const match = /^(\d{1,6})([smh]?)$/.exec(value);
  if (match === null) return undefined;
  return `write ${Number(match[1]) * (units[match[2] ?? ''] ?? 1)}, in seconds`;
}
