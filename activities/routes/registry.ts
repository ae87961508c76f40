/** All route providers, and the work over all routes of one routing: a provider is one line here. */
import type { Plan, Routing } from '../../domain/plan.ts';
import type { Problem } from '../../domain/problems.ts';
import type { Kube } from '../kube/kube.ts';
import { waitForEndpoints } from './endpoints.ts';
import { httpRoute } from './httpRoute.ts';
import { nginxIngress } from './nginxIngress.ts';
import type { RouteContext, RouteProvider, Split } from './provider.ts';
import { canaryServiceName } from './services.ts';

/** The providers that a routing needs, in the order in which they are told of a split. */
export function providersFor(routing: Routing): RouteProvider[] {
  return [
    ...(routing.ingress === undefined ? [] : [nginxIngress]),
    ...(routing.gateway === undefined ? [] : [httpRoute]),
  ];
}

/** What stops a release from using these routes; with `splits`, the plan's steps, also what a step asks in vain. */
export async function checkRoutes(
  kube: Kube,
  namespace: string,
  routing: Routing,
  splits: readonly Split[] = [],
): Promise<Problem[]> {
  const place = { kube, namespace, routing, stableService: routing.service };
  return (await Promise.all(providersFor(routing).map((provider) => provider.check(place, splits)))).flat();
}

/**
 * Makes all routes of the routing send requests as `split` says. Before the new version gets any, a pod of it must be
 * ready behind the canary Service: `capacity` pods, where the caller knows how many (default 1).
 */
export async function ensureRoutes(context: RouteContext, split: Split, capacity = 1): Promise<void> {
  const providers = providersFor(context.routing);
  if (providers.length > 0 && ((split.traffic ?? 0) > 0 || (split.matches ?? []).length > 0)) {
    const { namespace, canaryService } = context;
    await waitForEndpoints(
      context,
      canaryService,
      (ready) => ready.length >= capacity,
      (ready) => `Service ${namespace}/${canaryService} has ${ready.length} of ${capacity} ready endpoints`,
    );
  }
  for (const provider of providers) await provider.ensure(context, split);
}

/** Puts all routes of the routing back as their owners had them; each is tried, and the first error is thrown. */
export async function restoreRoutes(context: RouteContext): Promise<void> {
  const tried = await Promise.allSettled(providersFor(context.routing).map((provider) => provider.restore(context)));
  for (const result of tried) if (result.status === 'rejected') throw result.reason;
}

/** True if a route of the routing, as the local copy shows it, is not as `ensureRoutes` leaves it. */
export async function routesDrifted(
  kube: Kube,
  namespace: string,
  routing: Routing,
  plan: Pick<Plan, 'disableGenerateCanaryService'>,
  split: Split,
): Promise<boolean> {
  const stableService = routing.service;
  const context: RouteContext = {
    kube,
    namespace,
    routing,
    stableService,
    canaryService: plan.disableGenerateCanaryService ? stableService : canaryServiceName(stableService),
    signal: AbortSignal.abort(),
    report: () => {},
  };
  for (const provider of providersFor(routing)) if (await provider.drifted(context, split)) return true;
  return false;
}
