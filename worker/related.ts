/** What a Rollout says, and which Services and routes matter to it. */
import type { KindName } from '../activities/kube/kinds.ts';
import type { RolloutObject } from '../activities/kube/objects.ts';
import { type ParsedRollout, parseRollout } from '../spec/rollout.ts';

const parsed = new WeakMap<RolloutObject, ParsedRollout>();

/** An object in a local copy is never changed, only replaced: each is parsed once. */
export function parsedOf(rollout: RolloutObject): ParsedRollout {
  const known = parsed.get(rollout) ?? parseRollout(rollout);
  parsed.set(rollout, known);
  return known;
}

/** Kinds of which a change may matter to the Rollout; one that the cluster does not serve is not asked for needlessly. */
export function relatedTo({ plan }: ParsedRollout): KindName[] {
  const routings = plan?.routings ?? [];
  return [
    ...(routings.length > 0 ? (['services'] as const) : []),
    ...(routings.some(({ ingress }) => ingress !== undefined) ? (['ingresses'] as const) : []),
    ...(routings.some(({ gateway }) => gateway !== undefined) ? (['httproutes'] as const) : []),
  ];
}

/** Does a Service or route of this name matter to the Rollout? */
export function concerns(name: string, { plan }: ParsedRollout): boolean {
  return (plan?.routings ?? []).some(({ service, ingress, gateway }) =>
    [service, ingress?.name, gateway?.httpRouteName].some(
      (one) => one !== undefined && (name === one || name === `${one}-canary`),
    ),
  );
}
