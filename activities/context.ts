/** What route providers are told of the release they work for. */
import { setTimeout } from 'node:timers/promises';
import type { Plan } from '../domain/plan.ts';
import type { Kube } from './kube/kube.ts';
import type { OwnerReference } from './kube/objects.ts';
import type { RouteContext } from './routes/provider.ts';
import { canaryServiceName } from './routes/services.ts';
import type { Waiting } from './waiting.ts';

/** The context of one routing for an activity under way. */
export function contextOf(
  kube: Kube,
  { namespace, plan }: { namespace: string; plan: Plan },
  routing: Plan['routings'][number],
  owner: OwnerReference | undefined,
  { signal, observe }: Waiting,
): RouteContext {
  return {
    kube,
    namespace,
    routing,
    stableService: routing.service,
    canaryService: plan.disableGenerateCanaryService ? routing.service : canaryServiceName(routing.service),
    ...(owner === undefined ? {} : { owner }),
    signal,
    report: (waitingFor: string) => observe({ ready: 0, updated: 0, problem: waitingFor }),
  };
}

/** Waits that long; a retry waits anew, so it is never less. */
export async function settle(seconds: number, signal: AbortSignal): Promise<void> {
  if (seconds > 0) await setTimeout(seconds * 1000, undefined, { signal });
}
