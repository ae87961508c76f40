/** The Services of a release: the stable one, pinned to the stable pods, and the canary one that is made beside it. */
import type { Plan, Routing } from '../../domain/plan.ts';
import type { Problem } from '../../domain/problems.ts';
import type { Kube } from '../kube/kube.ts';
import { type CanaryPods, canaryServiceFor, isCanaryOf, servicePatch } from './canaryService.ts';
import { despiteConflicts, untilMended } from './patience.ts';
import { pinning } from './pin.ts';
import type { RouteContext, Split } from './provider.ts';

export { type ReadyEndpoint, readyEndpoints, waitForEndpoints } from './endpoints.ts';
export { pinStableService, pinWhenThere, restoreStableService } from './pin.ts';

/** The name of the Service that gets the new version's requests. */
export function canaryServiceName(service: string): string {
  return `${service}-canary`;
}

/** What keeps a release from using this Service. `generate`: a canary Service is to be made beside it. */
export async function checkService(
  kube: Kube,
  namespace: string,
  service: string,
  generate = true,
): Promise<Problem[]> {
  const name = `Service ${namespace}/${service}`;
  const stable = await kube.read('services', namespace, service);
  if (stable === undefined)
    return [
      { code: 'ServiceNotFound', message: `${name} is not there: create it, or correct trafficRoutings[].service` },
    ];
  if (stable.spec.type === 'ExternalName')
    return [unusable(`${name} is of type ExternalName and has no pods to divide: name a Service with a selector`)];
  if (Object.keys(stable.spec.selector ?? {}).length === 0)
    return [unusable(`${name} has no selector, so its pods cannot be divided by version: give it one`)];
  if (!generate) return [];
  const canary = await kube.read('services', namespace, canaryServiceName(service));
  if (canary === undefined || isCanaryOf(canary, service)) return [];
  return [taken(namespace, service)];
}

/**
 * Makes the canary Service, or brings it into line with the stable one and with the pods it is for. Idempotent. While
 * the stable Service is missing, or another Service has the name, this is reported and waited for. With `generate`
 * false nothing is made.
 */
export async function ensureCanaryService(
  context: RouteContext,
  pods: CanaryPods & { readonly generate?: boolean },
): Promise<void> {
  if (pods.generate === false) return;
  const { kube, namespace, stableService, canaryService } = context;
  const watched = [stableService, canaryService].map((name) => ({ kind: 'services' as const, name }));
  await untilMended(context, watched, async (fresh) => {
    const read = (name: string) =>
      fresh ? kube.get('services', namespace, name) : kube.read('services', namespace, name);
    const stable = await read(stableService);
    if (stable === undefined)
      return {
        code: 'ServiceNotFound',
        message: `Service ${namespace}/${stableService} is not there: create it again`,
      };
    const wanted = canaryServiceFor(stable, pods);
    const { labels, annotations, spec } = wanted;
    const ownerReferences = context.owner === undefined ? {} : { ownerReferences: [context.owner] };
    const metadata = { name: canaryService, namespace, labels, annotations, ...ownerReferences };
    const existing =
      (await read(canaryService)) ?? (await kube.create<'services'>('services', { metadata, spec })).object;
    if (!isCanaryOf(existing, stableService)) return taken(namespace, stableService);
    if (existing.metadata.deletionTimestamp !== undefined)
      return unusable(`Service ${namespace}/${canaryService} is being deleted; it is made anew when it is gone`);
    const change = servicePatch(existing, wanted);
    if (change === undefined) return undefined;
    const { resourceVersion } = existing.metadata;
    await kube.patch('services', namespace, canaryService, change, { resourceVersion });
    return undefined;
  });
}

/** Removes the canary Service made for `service`; one that someone else made stays. Idempotent. */
export async function removeCanaryService(kube: Kube, namespace: string, service: string): Promise<void> {
  await despiteConflicts(async () => {
    const canary = await kube.get('services', namespace, canaryServiceName(service));
    if (canary === undefined || !isCanaryOf(canary, service)) return;
    await kube.delete('services', namespace, canary.metadata.name, canary.metadata.uid);
  });
}

/** What the release left behind: empty hashes are of versions that have no pods yet. */
export type ExpectedServices = {
  readonly stableHash: string;
  readonly canaryHash: string;
  /** Absent when the routes send nothing to the new version: there need be no canary Service then. */
  readonly split?: Split;
};

/** True if the Services, as the local copy shows them, are not as the release left them. */
export async function servicesDrifted(
  kube: Kube,
  namespace: string,
  { service }: Routing,
  plan: Pick<Plan, 'disableGenerateCanaryService' | 'podMetadata'>,
  { stableHash, canaryHash, split }: ExpectedServices,
): Promise<boolean> {
  const stable = await kube.read('services', namespace, service);
  if (stable === undefined) return true;
  if (stableHash !== '' && pinning(stable, stableHash) !== undefined) return true;
  if (plan.disableGenerateCanaryService || split === undefined || canaryHash === '') return false;
  const canary = await kube.read('services', namespace, canaryServiceName(service));
  if (canary === undefined || canary.metadata.deletionTimestamp !== undefined) return true;
  return (
    servicePatch(canary, canaryServiceFor(stable, { canaryHash, podLabels: plan.podMetadata.labels })) !== undefined
  );
}

function unusable(message: string): Problem {
  return { code: 'RouteNotUsable', message };
}

function taken(namespace: string, service: string): Problem {
  const canary = canaryServiceName(service);
  return {
    code: 'Conflict',
    message: `Service ${namespace}/${canary} is not of this release, which needs that name for the new version of ${service}: delete or rename it`,
  };
}
