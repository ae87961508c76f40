/** Which pods a Service really sends requests to, as the EndpointSlices say. */
import type { Kube } from '../kube/kube.ts';
import type { EndpointSlice } from '../kube/objects.ts';
import type { RouteContext } from './provider.ts';

export type ReadyEndpoint = { readonly ip: string; readonly pod: string };

/** The pods behind a Service that get requests now, from the local copy when it is in step; each pod once. */
export async function readyEndpoints(
  kube: Kube,
  namespace: string,
  service: string,
): Promise<{ ready: ReadyEndpoint[] }> {
  return { ready: readyIn(await kube.readAll('endpointslices', namespace), service) };
}

/** The ready endpoints among all slices of a namespace; a pod with two addresses (dual stack) counts once. */
export function readyIn(slices: readonly EndpointSlice[], service: string): ReadyEndpoint[] {
  const found = new Map<string, ReadyEndpoint>();
  for (const slice of slices) {
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== service) continue;
    for (const { addresses, conditions, targetRef } of slice.endpoints ?? []) {
      const ip = addresses[0];
      if (ip === undefined || conditions?.ready === false || conditions?.terminating === true) continue;
      const pod = targetRef?.kind === 'Pod' ? (targetRef.name ?? '') : '';
      const key = pod === '' ? ip : pod;
      if (!found.has(key)) found.set(key, { ip, pod });
    }
  }
  return [...found.values()];
}

/**
 * Resolves when `test` holds for the ready endpoints of a Service; until then `what(ready)` is reported. Rejects when
 * the signal aborts.
 */
export async function waitForEndpoints(
  { kube, namespace, signal, report }: Pick<RouteContext, 'kube' | 'namespace' | 'signal' | 'report'>,
  service: string,
  test: (ready: readonly ReadyEndpoint[]) => boolean,
  what: (ready: readonly ReadyEndpoint[]) => string,
): Promise<void> {
  const copy = kube.copy('endpointslices', namespace);
  const enough = () => {
    const ready = readyIn(copy.list(namespace), service);
    if (test(ready)) return true;
    report(what(ready));
    return false;
  };
  await copy.until(enough, signal, ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service);
}
