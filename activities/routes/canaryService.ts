/** What the canary Service looks like, decided from the stable one. Pure. */
import { keys } from '../keys.ts';
import type { Service } from '../kube/objects.ts';
import { copyable, includes, isMadeFor, marks, same } from './marks.ts';
import { ownSelector } from './pin.ts';

/** Which pods the canary Service selects. */
export type CanaryPods = {
  readonly canaryHash: string;
  /** patchPodTemplateMetadata's labels: they change the canary pods, so the selector has to follow. */
  readonly podLabels: Readonly<Record<string, string>>;
};

export type CanaryService = {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly spec: Record<string, unknown> & { readonly selector: Record<string, string> };
};

/** Addresses belong to one Service; the rest only has a meaning for types that a canary is never of. */
const notCopied = [
  'clusterIP',
  'clusterIPs',
  'externalIPs',
  'ipFamilies',
  'ipFamilyPolicy',
  'loadBalancerIP',
  'healthCheckNodePort',
  'externalTrafficPolicy',
  'loadBalancerClass',
  'loadBalancerSourceRanges',
  'allocateLoadBalancerNodePorts',
];

export function canaryServiceFor(stable: Service, { canaryHash, podLabels }: CanaryPods): CanaryService {
  const spec: Record<string, unknown> = { ...stable.spec };
  for (const field of notCopied) delete spec[field];
  const selector = ownSelector(stable);
  for (const [key, value] of Object.entries(podLabels)) if (key in selector) selector[key] = value;
  return {
    labels: stable.metadata.labels ?? {},
    annotations: { ...copyable(stable.metadata.annotations), [marks.stableService]: stable.metadata.name },
    spec: {
      ...spec,
      // OpenKruise keeps LoadBalancer and NodePort, and so orders a second load balancer for each release.
      type: 'ClusterIP',
      ...(isHeadless(stable) ? { clusterIP: 'None' } : {}),
      ports: (stable.spec.ports ?? []).map(({ nodePort: _, ...port }) => port),
      selector: { ...selector, [keys.podTemplateHash]: canaryHash },
    },
  };
}

/** The patch that makes `actual` as `wanted`, or undefined when it is. */
export function servicePatch(actual: Service, wanted: CanaryService): Record<string, unknown> | undefined {
  const spec: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(wanted.spec))
    if (field !== 'selector' && !same(actual.spec[field], value)) spec[field] = value;
  const selector: Record<string, string | null> = {};
  for (const key of Object.keys(actual.spec.selector ?? {})) if (!(key in wanted.spec.selector)) selector[key] = null;
  for (const [key, value] of Object.entries(wanted.spec.selector))
    if (actual.spec.selector?.[key] !== value) selector[key] = value;
  if (Object.keys(selector).length > 0) spec.selector = selector;
  const { labels, annotations } = wanted;
  const marked = includes(actual.metadata.labels, labels) && includes(actual.metadata.annotations, annotations);
  if (marked && Object.keys(spec).length === 0) return undefined;
  return { metadata: { labels, annotations }, spec };
}

export function isHeadless(service: Service): boolean {
  return service.spec.clusterIP === 'None';
}

/** Was this Service made as the canary of `stable`? */
export function isCanaryOf(service: Service, stable: string): boolean {
  return isMadeFor(service, stable, service.spec.selector?.[keys.podTemplateHash] !== undefined);
}
