/** Showing a release on its Rollout's status, without ever writing over what people wrote there. */
import { type Projected, type Wish, wishIn } from '../domain/input.ts';
import type { WantedCondition, WantedStatus } from '../domain/status.ts';
import { isStatus } from './kube/errors.ts';
import type { Kube } from './kube/kube.ts';
import type { RolloutObject } from './kube/objects.ts';
import { canonical } from './workloads/template.ts';

export type Input = Wish & { readonly by: string };

export type ProjectRequest = {
  readonly namespace: string;
  readonly name: string;
  readonly status: WantedStatus;
  /** What was written last; anything else in its place is somebody's wish. */
  readonly projected?: Projected;
  /** The wish that was acted on since. */
  readonly taken?: Wish;
  /** Wishes are not looked for: the release is over. */
  readonly final?: boolean;
};

type Condition = WantedCondition & { lastUpdateTime: string; lastTransitionTime: string };

/**
 * Writes the status, or returns the wish found in its place. Written at the very version that was read, so a wish that
 * arrives in between is seen and not lost. A Rollout that is gone needs no status.
 */
export async function projectStatus(kube: Kube, request: ProjectRequest): Promise<Input | undefined> {
  const { namespace, name, status, projected } = request;
  let live = await kube.read('rollouts', namespace, name);
  for (;;) {
    if (live === undefined) return undefined;
    const input = request.final === true ? undefined : inputIn(live, projected, request.taken);
    if (input !== undefined) return input;
    const wanted = { ...status, conditions: conditions(live, status.conditions) };
    if (matches(live.status, wanted)) return undefined;
    try {
      await kube.patch(
        'rollouts',
        namespace,
        name,
        { status: wanted },
        {
          subresource: 'status',
          resourceVersion: live.metadata.resourceVersion,
        },
      );
      return undefined;
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      if (!isStatus(error, 409)) throw error;
      live = await kube.get('rollouts', namespace, name);
    }
  }
}

/** The wish in a Rollout's status, with the name of the client that wrote it. */
export function inputIn(live: RolloutObject, projected: Projected | undefined, taken?: Wish): Input | undefined {
  const wish = wishIn(live.status, projected, taken);
  return wish === undefined ? undefined : { ...wish, by: writerOf(live) };
}

/** Who wrote the status last, beside us: the client's field manager is all the object tells. */
function writerOf(live: RolloutObject): string {
  const others = (live.metadata.managedFields ?? []).filter(
    (entry) => entry.subresource === 'status' && entry.manager !== 'sluice',
  );
  const last = others.sort((one, other) => (one.time ?? '').localeCompare(other.time ?? '')).at(-1);
  return last?.manager ?? 'unknown';
}

/** Keeps the time of a condition that has not changed, and conditions of other types. */
function conditions(live: RolloutObject, wanted: readonly WantedCondition[]): Condition[] {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const held = ((live.status?.conditions ?? []) as Condition[]).filter(Boolean);
  return wanted.map((condition) => {
    const before = held.find(({ type }) => type === condition.type);
    const flipped = before?.status !== condition.status;
    const same = !flipped && before.reason === condition.reason && before.message === condition.message;
    if (same) return before;
    return { ...condition, lastUpdateTime: now, lastTransitionTime: flipped ? now : before.lastTransitionTime };
  });
}

/** True if every field of `wanted` stands in `live` already: then there is nothing to write. */
function matches(live: Record<string, unknown> | undefined, wanted: Record<string, unknown>): boolean {
  if (live === undefined) return false;
  return Object.entries(wanted).every(([key, value]) =>
    key === 'canaryStatus' && value !== null && typeof live[key] === 'object' && live[key] !== null
      ? matches(live[key] as Record<string, unknown>, value as Record<string, unknown>)
      : canonical(live[key] ?? null) === canonical(value ?? null),
  );
}
