/** What makes two versions of a workload the same. */
import { createHash } from 'node:crypto';
import { keys } from '../keys.ts';
import type { PodTemplate } from '../kube/objects.ts';

/** Letters that spell no words and are fine in names and labels: the alphabet Kubernetes uses for its own hashes. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** `length` letters that stand for `text`. */
export function shortHash(text: string, length = 10): string {
  const bytes = createHash('sha256').update(text).digest();
  return [...bytes.subarray(0, length)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

/**
 * The revision of a pod template: a digest of its canonical JSON without the label that ReplicaSets add. Unlike a hash
 * over a struct in memory it stays the same when clients or servers are upgraded.
 */
export function revisionOf(template: PodTemplate): string {
  const known = revisions.get(template) ?? digestOf(template);
  revisions.set(template, known);
  return known;
}

/** Templates in a local copy are never changed, only replaced, and asked for with every event. */
const revisions = new WeakMap<PodTemplate, string>();

function digestOf(template: PodTemplate): string {
  const { [keys.podTemplateHash]: _, ...labels } = template.metadata?.labels ?? {};
  const { creationTimestamp: __, ...metadata } = (template.metadata ?? {}) as Record<string, unknown>;
  return shortHash(canonical({ ...template, metadata: { ...metadata, labels } }));
}

export function imagesOf(template: PodTemplate): string[] {
  return template.spec.containers.map((container) => container.image ?? '');
}

/** JSON with sorted keys; absent and null are the same, as they are to the API server. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    field !== null && typeof field === 'object' && !Array.isArray(field)
      ? Object.fromEntries(
          Object.entries(field)
            .filter(([, inner]) => inner !== null && inner !== undefined)
            .sort(([one], [other]) => (one < other ? -1 : 1)),
        )
      : field,
  );
}
