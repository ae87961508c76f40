/** What the controllers of a route say about it. Pure. */
import type { HttpRoute } from '../kube/objects.ts';

type Parent = NonNullable<NonNullable<HttpRoute['status']>['parents']>[number];
type Condition = NonNullable<Parent['conditions']>[number];

/** `waiting`: a controller has not seen this version of the route yet. `refused`: it has, and says no. */
export type Verdict = { readonly waiting: readonly string[]; readonly refused: readonly Refusal[] };

/** `key` names controller, parent, condition and reason; `message` is for people. */
export type Refusal = { readonly key: string; readonly message: string };

const conditions = ['Accepted', 'ResolvedRefs'] as const;

/** Has any controller ever reported on this route? One that none did is not waited for. */
export function isWatched(route: HttpRoute): boolean {
  return (route.status?.parents ?? []).some((parent) => (parent.conditions ?? []).length > 0);
}

/** How the controllers take the route as it is now. A condition that a controller never sets is not missed. */
export function verdictOf(route: HttpRoute): Verdict {
  const generation = route.metadata.generation ?? 0;
  const waiting: string[] = [];
  const refused: Refusal[] = [];
  for (const parent of route.status?.parents ?? []) {
    const found = conditions.flatMap((type) => (parent.conditions ?? []).filter((each) => each.type === type));
    if (found.some((condition) => isBehind(condition, generation))) waiting.push(controllerOf(parent));
    else for (const condition of found) if (condition.status !== 'True') refused.push(refusal(parent, condition));
  }
  return { waiting, refused };
}

/** A condition without a generation, from a controller that tracks none, is taken to be of today. */
function isBehind({ observedGeneration }: Condition, generation: number): boolean {
  return observedGeneration !== undefined && observedGeneration > 0 && observedGeneration < generation;
}

function refusal(parent: Parent, { type, status, reason = '', message = '' }: Condition): Refusal {
  const { parentRef } = parent;
  const says = message === '' ? '' : `: ${message}`;
  return {
    key: [parent.controllerName, parentRef.namespace, parentRef.name, type, reason].join('|'),
    message: `${controllerOf(parent)} says ${type}=${status} (${reason}) for ${parentRef.name}${says}`,
  };
}

function controllerOf({ controllerName, parentRef }: Parent): string {
  return controllerName ?? `the controller of ${parentRef.name}`;
}
