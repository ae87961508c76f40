import type { Routing } from '../domain/plan.ts';
import type { Field } from './field.ts';
import { trafficRoutingAnnotation } from './keys.ts';

/** Ingress classes whose traffic is moved by `nginx.ingress.kubernetes.io/canary-*` annotations. */
export const ingressClasses: readonly string[] = ['nginx', 'higress'];
const otherProviders = 'use an Ingress of class nginx or higress, or gateway.httpRouteName';

/** OpenKruise's words (its rules 9 and 10). */
export const routingMessages = {
  several: 'Rollout currently only support single TrafficRouting.',
  grace: 'TrafficRouting.GracePeriodSeconds cannot be negative',
  service: 'TrafficRouting.Service cannot be empty',
  none: 'TrafficRoutings are not set',
  ingress: 'TrafficRouting.Ingress.Ingress cannot be empty',
  gateway: 'TrafficRouting.Gateway must set the name of HTTPRoute or HTTPsRoute',
} as const;

/** Reads `trafficRoutings` of a strategy (OpenKruise's rules 9 and 10), and refuses what no provider here can do. */
export function readRoutings(strategy: Field, root: Field): Routing[] {
  const list = strategy.at('trafficRoutings');
  const fields = list.items(100);
  if (fields.length > 1) list.invalid(routingMessages.several);
  refuseReferences(strategy, root);
  return fields.map((field) => readRouting(field, strategy)).filter((routing) => routing !== undefined);
}

function refuseReferences(strategy: Field, root: Field): void {
  const instead =
    'TrafficRouting objects are not read by this version of Sluice; write trafficRoutings in the strategy';
  const annotation = root.at('metadata', 'annotations', trafficRoutingAnnotation);
  const reference = strategy.at('trafficRoutingRef');
  if ((annotation.value ?? '') !== '') annotation.unsupported(instead);
  else if ((reference.value ?? '') !== '') reference.unsupported(instead);
}

function readRouting(field: Field, strategy: Field): Routing | undefined {
  if (!field.record()) {
    if (!field.present) field.invalid(routingMessages.none);
    return undefined;
  }
  const service = field.at('service').string() ?? '';
  if (service === '') field.at('service').invalid(routingMessages.service);
  const gracePeriodSeconds = field.at('gracePeriodSeconds').integer(routingMessages.grace, 0);
  const ingress = readIngress(field);
  const gateway = readGateway(field.at('gateway'), strategy);
  const custom = field.at('customNetworkRefs');
  if (custom.items(100).length > 0)
    custom.unsupported(`customNetworkRefs are not driven by this version of Sluice; ${otherProviders}`);
  if (!field.at('ingress').present && !field.at('gateway').present && !custom.present)
    field.invalid(routingMessages.none);
  if (service === '') return undefined;
  return {
    service,
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(ingress !== undefined && { ingress }),
    ...(gateway !== undefined && { gateway }),
  };
}

/** The class is `ingress.classType`, or beside it in the older spelling `type`, or nginx. */
function readIngress(routing: Field): Routing['ingress'] {
  const field = routing.at('ingress');
  if (!field.record()) return undefined;
  const name = field.at('name').string() ?? '';
  if (name === '') field.at('name').invalid(routingMessages.ingress);
  const [newer, older] = [field.at('classType'), routing.at('type')];
  const [written, olderWritten] = [newer.string() ?? '', older.string() ?? ''];
  if (written !== '' && olderWritten !== '' && written !== olderWritten) {
    older.invalid(`type says ${olderWritten} and ingress.classType says ${written}; keep ingress.classType`);
  }
  const classType = written || olderWritten || 'nginx';
  if (!ingressClasses.includes(classType)) {
    const place = written === '' ? older : newer;
    place.unsupported(`Ingress class "${classType}" is not driven by this version of Sluice; ${otherProviders}`);
  }
  return { name, classType };
}

function readGateway(field: Field, strategy: Field): Routing['gateway'] {
  if (!field.record()) return undefined;
  const httpRouteName = field.at('httpRouteName').string() ?? '';
  if (httpRouteName === '') field.at('httpRouteName').invalid(routingMessages.gateway);
  const shared = strategy.at('disableGenerateCanaryService');
  if (shared.value === true) {
    // OpenKruise then removes the user's own backend from the route at the end (behaviour, section 4.8).
    shared.unsupported(
      'an HTTPRoute needs a Service of its own for the new version; remove disableGenerateCanaryService',
    );
  }
  return { httpRouteName };
}
