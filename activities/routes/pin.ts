/** Keeping the stable Service on the stable pods while a release is on, and giving it back its own selector. */
import { keys } from '../keys.ts';
import { KubeError } from '../kube/errors.ts';
import type { Kube } from '../kube/kube.ts';
import type { Service } from '../kube/objects.ts';
import { marks } from './marks.ts';
import { despiteConflicts, untilMended, type Waiter } from './patience.ts';

/** `was`: the value its owner had, null for none; `pinned`: what we wrote over it. */
type Pin = { readonly was: string | null; readonly pinned: string };

type PinPatch = {
  metadata: { annotations: Record<string, string | null> };
  spec?: { selector: Record<string, string | null> };
};

/** The patch that pins a Service to `hash`, or undefined when it is pinned so. */
export function pinning(service: Service, hash: string): PinPatch | undefined {
  const current = service.spec.selector?.[keys.podTemplateHash];
  if (current === hash) return undefined;
  const pin: Pin = { was: formerly(service), pinned: hash };
  return {
    metadata: { annotations: { [marks.pinned]: JSON.stringify(pin) } },
    spec: { selector: { [keys.podTemplateHash]: hash } },
  };
}

/** The patch that undoes a pin, or undefined when there is none. A value its owner wrote over the pin stays. */
export function unpinning(service: Service): PinPatch | undefined {
  if (service.metadata.annotations?.[marks.pinned] === undefined) return undefined;
  const metadata = { annotations: { [marks.pinned]: null } };
  const former = formerly(service);
  if (former === (service.spec.selector?.[keys.podTemplateHash] ?? null)) return { metadata };
  return { metadata, spec: { selector: { [keys.podTemplateHash]: former } } };
}

/** The selector as the Service's owner has it, pinned or not. */
export function ownSelector(service: Service): Record<string, string> {
  const { [keys.podTemplateHash]: _, ...selector } = service.spec.selector ?? {};
  const former = formerly(service);
  return former === null ? selector : { ...selector, [keys.podTemplateHash]: former };
}

function formerly(service: Service): string | null {
  const current = service.spec.selector?.[keys.podTemplateHash] ?? null;
  const pin = pinOf(service);
  return pin !== undefined && pin.pinned === current ? pin.was : current;
}

function pinOf(service: Service): Pin | undefined {
  const note = service.metadata.annotations?.[marks.pinned];
  if (note === undefined) return undefined;
  try {
    return JSON.parse(note) as Pin;
  } catch {
    // Somebody wrote into it: what is in the selector now is then the best that is known.
    return undefined;
  }
}

/**
 * Makes the Service select only pods of the ReplicaSet with this pod-template-hash. Idempotent. Throws `ServiceNotFound`
 * (retryable) when the Service is not there.
 */
export async function pinStableService(kube: Kube, namespace: string, service: string, hash: string): Promise<void> {
  // An empty value would select no pod at all.
  if (hash === '')
    throw new KubeError(
      `the stable revision behind Service ${namespace}/${service} is not known yet`,
      0,
      'StableUnknown',
    );
  await despiteConflicts(async (fresh) => {
    const object = await (fresh ? kube.get('services', namespace, service) : kube.read('services', namespace, service));
    if (object === undefined)
      throw new KubeError(`Service ${namespace}/${service} is not there: create it again`, 0, 'ServiceNotFound');
    const change = pinning(object, hash);
    if (change === undefined) return;
    await kube.patch('services', namespace, service, change, { resourceVersion: object.metadata.resourceVersion });
  });
}

/** As {@link pinStableService}; a Service that somebody has deleted is reported, and waited for. */
export async function pinWhenThere(context: Waiter, service: string, hash: string): Promise<void> {
  await untilMended(context, [{ kind: 'services', name: service }], async () => {
    try {
      await pinStableService(context.kube, context.namespace, service, hash);
      return undefined;
    } catch (error) {
      if ((error as KubeError).reason !== 'ServiceNotFound') throw error;
      return { code: 'ServiceNotFound', message: (error as KubeError).message };
    }
  });
}

/** Gives the Service exactly the selector its owner had. Idempotent; a Service that is gone needs nothing. */
export async function restoreStableService(kube: Kube, namespace: string, service: string): Promise<void> {
  await despiteConflicts(async () => {
    // Asked of the server: a copy that lags behind another worker's pin would leave it there for good.
    const object = await kube.get('services', namespace, service);
    const change = object === undefined ? undefined : unpinning(object);
    if (object === undefined || change === undefined) return;
    await kube.patch('services', namespace, service, change, { resourceVersion: object.metadata.resourceVersion });
  });
}
