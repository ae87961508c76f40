/** The Kubernetes kinds Sluice reads or writes: adding one is one line here. */

export type KindName =
  | 'rollouts'
  | 'deployments'
  | 'replicasets'
  | 'pods'
  | 'services'
  | 'ingresses'
  | 'httproutes'
  | 'endpointslices';

export type KindInfo = { readonly group: string; readonly version: string; readonly kind: string };

export const kinds: Readonly<Record<KindName, KindInfo>> = {
  rollouts: { group: 'rollouts.kruise.io', version: 'v1beta1', kind: 'Rollout' },
  deployments: { group: 'apps', version: 'v1', kind: 'Deployment' },
  replicasets: { group: 'apps', version: 'v1', kind: 'ReplicaSet' },
  pods: { group: '', version: 'v1', kind: 'Pod' },
  services: { group: '', version: 'v1', kind: 'Service' },
  ingresses: { group: 'networking.k8s.io', version: 'v1', kind: 'Ingress' },
  httproutes: { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute' },
  endpointslices: { group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice' },
};

/** `/apis/apps/v1/namespaces/default/deployments/echoserver`; without `name` the collection, without `namespace` all. */
export function pathOf(kind: KindName, namespace?: string, name?: string): string {
  const { group, version } = kinds[kind];
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const item = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${root}${scope}/${kind}${item}`;
}

/** `apps/v1` or `v1`. */
export function apiVersionOf(kind: KindName): string {
  const { group, version } = kinds[kind];
  return group === '' ? version : `${group}/${version}`;
}
