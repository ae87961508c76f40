/**
 * Requests divided by a second Ingress beside the user's, which stays untouched: controllers of this sort read annotations
 * on `<ingress>-canary`. There is nothing to confirm: they write no status from which one could tell that they know it.
 */
import type { Routing } from '../../domain/plan.ts';
import type { Problem } from '../../domain/problems.ts';
import type { Ingress } from '../kube/objects.ts';
import { canaryIngressFor, ingressPatch, isCanaryOf } from './canaryIngress.ts';
import { type IngressClass, inexpressible, ingressClasses } from './ingressClasses.ts';
import { despiteConflicts, untilMended } from './patience.ts';
import type { RouteContext, RouteProvider, Split } from './provider.ts';

export const nginxIngress: RouteProvider = { check, ensure, drifted, restore };

type Place = Pick<RouteContext, 'kube' | 'namespace' | 'routing' | 'stableService'>;

async function check(context: Place, splits: readonly Split[] = []): Promise<Problem[]> {
  const { kube, namespace, stableService } = context;
  const { name, classType } = ingressOf(context.routing);
  const keys = ingressClasses[classType];
  if (keys === undefined) return [unknownClass(classType)];
  const ingress = await kube.read('ingresses', namespace, name);
  if (ingress === undefined) return [notFound(namespace, name)];
  const problems: Problem[] = [];
  const names = { stableService, canaryService: `${stableService}-canary` };
  if (canaryIngressFor(ingress, names, keys, {}) === undefined)
    problems.push(leadsElsewhere(namespace, name, stableService));
  const canary = await kube.read('ingresses', namespace, canaryName(name));
  // The canary Service's name only matters to know what OpenKruise left behind.
  if (canary !== undefined && !isCanaryOf(canary, names)) problems.push(taken(namespace, name));
  splits.forEach(({ matches = [] }, step) => {
    for (const [index, match] of matches.entries()) {
      const lost = inexpressible(match);
      if (lost === undefined) continue;
      problems.push({
        code: 'Unsupported',
        message: `An Ingress of class ${classType} cannot select requests by ${lost}: use one header (or canary-by-cookie) per match, or a Gateway route`,
        path: `spec.strategy.canary.steps[${step}].matches[${index}]`,
      });
    }
  });
  return problems;
}

async function ensure(context: RouteContext, split: Split): Promise<void> {
  const { kube, namespace } = context;
  const { name, classType } = ingressOf(context.routing);
  const watched = [name, canaryName(name)].map((each) => ({ kind: 'ingresses' as const, name: each }));
  await untilMended(context, watched, async (fresh) => {
    const keys = ingressClasses[classType];
    if (keys === undefined) return unknownClass(classType);
    const read = (each: string) =>
      fresh ? kube.get('ingresses', namespace, each) : kube.read('ingresses', namespace, each);
    const [ingress, found] = await Promise.all([read(name), read(canaryName(name))]);
    if (found === undefined && sendsNothing(split)) return undefined;
    if (ingress === undefined) return notFound(namespace, name);
    const wanted = canaryIngressFor(ingress, context, keys, split);
    if (wanted === undefined) return leadsElsewhere(namespace, name, context.stableService);
    const canary = found ?? (await create(context, canaryName(name), wanted));
    if (!isCanaryOf(canary, context)) return sendsNothing(split) ? undefined : taken(namespace, name);
    if (canary.metadata.deletionTimestamp !== undefined) return leaving(namespace, name);
    const change = ingressPatch(canary, wanted, keys);
    if (change === undefined) return undefined;
    const { resourceVersion } = canary.metadata;
    await kube.patch('ingresses', namespace, canary.metadata.name, change, { resourceVersion });
    return undefined;
  });
}

async function create(
  { kube, namespace, owner }: RouteContext,
  name: string,
  { labels, annotations, spec }: NonNullable<ReturnType<typeof canaryIngressFor>>,
): Promise<Ingress> {
  const ownerReferences = owner === undefined ? {} : { ownerReferences: [owner] };
  const metadata = { name, namespace, labels, annotations, ...ownerReferences };
  return (await kube.create<'ingresses'>('ingresses', { metadata, spec })).object;
}

async function drifted(context: RouteContext, split: Split): Promise<boolean> {
  const { kube, namespace } = context;
  const { name, classType } = ingressOf(context.routing);
  const keys: IngressClass | undefined = ingressClasses[classType];
  const canary = await kube.read('ingresses', namespace, canaryName(name));
  if (canary === undefined || !isCanaryOf(canary, context)) return !sendsNothing(split);
  const ingress = await kube.read('ingresses', namespace, name);
  const wanted = ingress && keys && canaryIngressFor(ingress, context, keys, split);
  if (wanted === undefined || keys === undefined) return true;
  return canary.metadata.deletionTimestamp !== undefined || ingressPatch(canary, wanted, keys) !== undefined;
}

async function restore(context: RouteContext): Promise<void> {
  const { kube, namespace, signal, report } = context;
  const name = canaryName(ingressOf(context.routing).name);
  const uid = await despiteConflicts(async () => {
    // Asked of the server: another worker may have made it a moment ago.
    const canary = await kube.get('ingresses', namespace, name);
    if (canary === undefined || !isCanaryOf(canary, context)) return undefined;
    await kube.delete('ingresses', namespace, name, canary.metadata.uid);
    return canary.metadata.uid;
  });
  if (uid === undefined) return;
  const copy = kube.copy('ingresses', namespace);
  await copy.until(() => {
    if (copy.get(namespace, name)?.metadata.uid !== uid) return true;
    report(`Ingress ${namespace}/${name} is being deleted`);
    return false;
  }, signal);
}

function sendsNothing({ traffic = 0, matches = [] }: Split): boolean {
  return traffic === 0 && matches.length === 0;
}

function canaryName(ingress: string): string {
  return `${ingress}-canary`;
}

function ingressOf({ ingress }: Routing): NonNullable<Routing['ingress']> {
  if (ingress === undefined) throw new Error('this routing has no ingress');
  return ingress;
}

function notFound(namespace: string, name: string): Problem {
  return {
    code: 'RouteNotFound',
    message: `Ingress ${namespace}/${name} is not there: create it, or correct trafficRoutings[].ingress.name`,
  };
}

function unknownClass(classType: string): Problem {
  const known = Object.keys(ingressClasses).join(', ');
  return { code: 'Unsupported', message: `Ingress class type "${classType}" is not known (known: ${known})` };
}

function leadsElsewhere(namespace: string, name: string, service: string): Problem {
  return {
    code: 'RouteNotUsable',
    message: `Ingress ${namespace}/${name} has no host or path that leads to Service ${service} (a default backend cannot be divided): add one, or correct trafficRoutings[].service`,
  };
}

function taken(namespace: string, name: string): Problem {
  return {
    code: 'Conflict',
    message: `Ingress ${namespace}/${canaryName(name)} is not of this release, which needs that name: delete or rename it`,
  };
}

function leaving(namespace: string, name: string): Problem {
  return {
    code: 'RouteNotUsable',
    message: `Ingress ${namespace}/${canaryName(name)} is being deleted; it is made anew when it is gone`,
  };
}
