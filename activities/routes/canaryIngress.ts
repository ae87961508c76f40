/** What the canary Ingress looks like, decided from the user's one. Pure. */
import type { Ingress } from '../kube/objects.ts';
import { canaryAnnotations, type IngressClass, isCopied } from './ingressClasses.ts';
import { copyable, includes, isMadeFor, marks, same } from './marks.ts';
import type { Split } from './provider.ts';

export type Names = { readonly stableService: string; readonly canaryService: string };

export type CanaryIngress = {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly spec: Ingress['spec'];
};

type Rules = NonNullable<Ingress['spec']['rules']>;

/** The canary of `ingress`; undefined when no path of it leads to the stable Service. */
export function canaryIngressFor(
  ingress: Ingress,
  { stableService, canaryService }: Names,
  keys: IngressClass,
  split: Split,
): CanaryIngress | undefined {
  const rules = canaryRules(ingress.spec.rules ?? [], stableService, canaryService);
  if (rules.length === 0) return undefined;
  const { ingressClassName, tls } = ingress.spec;
  const own = Object.entries(copyable(ingress.metadata.annotations)).filter(([key]) => isCopied(keys, key));
  return {
    labels: ingress.metadata.labels ?? {},
    annotations: {
      ...Object.fromEntries(own),
      ...canaryAnnotations(keys, split),
      [marks.stableService]: stableService,
    },
    spec: {
      ...(ingressClassName === undefined ? {} : { ingressClassName }),
      ...(tls === undefined ? {} : { tls }),
      rules,
    },
  };
}

/** Only the hosts and paths that lead to the stable Service, led to the canary one; rules without paths drop out. */
function canaryRules(rules: Rules, stable: string, canary: string): Rules {
  return rules.flatMap((rule) => {
    const paths = (rule.http?.paths ?? []).flatMap((path) =>
      path.backend.service?.name === stable
        ? [{ ...path, backend: { ...path.backend, service: { ...path.backend.service, name: canary } } }]
        : [],
    );
    return paths.length === 0 ? [] : [{ ...rule, http: { ...rule.http, paths } }];
  });
}

/** The patch that makes `actual` as `wanted`, or undefined when it is. What other controllers noted on it stays. */
export function ingressPatch(
  actual: Ingress,
  wanted: CanaryIngress,
  keys: IngressClass,
): Record<string, unknown> | undefined {
  const stale = Object.keys(actual.metadata.annotations ?? {}).filter(
    (key) => key.startsWith(keys.prefix) && !(key in wanted.annotations),
  );
  const asWanted =
    stale.length === 0 &&
    includes(actual.metadata.labels, wanted.labels) &&
    includes(actual.metadata.annotations, wanted.annotations) &&
    same(actual.spec, wanted.spec);
  if (asWanted) return undefined;
  const removed = Object.keys(actual.spec).filter((field) => !(field in wanted.spec));
  return {
    metadata: {
      labels: wanted.labels,
      annotations: { ...wanted.annotations, ...Object.fromEntries(stale.map((key) => [key, null])) },
    },
    spec: { ...wanted.spec, ...Object.fromEntries(removed.map((field) => [field, null])) },
  };
}

/** Was this Ingress made as a canary for this release? */
export function isCanaryOf(ingress: Ingress, { stableService, canaryService }: Names): boolean {
  const backends = (ingress.spec.rules ?? []).flatMap((rule) => rule.http?.paths ?? []).map(({ backend }) => backend);
  const leadsToCanary = backends.every(({ service }) => service?.name === canaryService);
  return isMadeFor(ingress, stableService, leadsToCanary);
}
