/** The parts of Kubernetes objects that Sluice looks at. Objects travel as the API server's own JSON: nothing is dropped. */

export type OwnerReference = {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
};

export type Metadata = {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: { manager?: string; operation?: string; time?: string; subresource?: string; fieldsV1?: unknown }[];
};

export type KubeObject = { apiVersion?: string; kind?: string; metadata: Metadata };

export type Container = { name: string; image?: string; [field: string]: unknown };
export type PodTemplate = {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string>; [field: string]: unknown };
  spec: { containers: Container[]; [field: string]: unknown };
};

export type Deployment = KubeObject & {
  spec: {
    replicas?: number;
    paused?: boolean;
    minReadySeconds?: number;
    progressDeadlineSeconds?: number;
    selector: { matchLabels?: Record<string, string> };
    template: PodTemplate;
    strategy?: { type?: string; rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string } };
    [field: string]: unknown;
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
};

export type ReplicaSet = KubeObject & {
  spec: { replicas?: number; template: PodTemplate };
  status?: { replicas?: number; readyReplicas?: number; availableReplicas?: number; observedGeneration?: number };
};

export type ContainerStatus = {
  name: string;
  ready?: boolean;
  restartCount?: number;
  state?: {
    waiting?: { reason?: string; message?: string };
    terminated?: { reason?: string; message?: string; exitCode?: number };
    running?: { startedAt?: string };
  };
};

export type Pod = KubeObject & {
  spec: { nodeName?: string };
  status?: {
    phase?: string;
    podIP?: string;
    startTime?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string }[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
};

export type Service = KubeObject & {
  spec: {
    type?: string;
    selector?: Record<string, string>;
    ports?: { name?: string; port: number; nodePort?: number; [field: string]: unknown }[];
    [field: string]: unknown;
  };
};

export type IngressBackend = { service?: { name: string; port?: unknown }; resource?: unknown };
export type Ingress = KubeObject & {
  spec: {
    ingressClassName?: string;
    tls?: unknown[];
    defaultBackend?: IngressBackend;
    rules?: {
      host?: string;
      http?: { paths: { path?: string; pathType?: string; backend: IngressBackend; [field: string]: unknown }[] };
    }[];
  };
};

export type BackendRef = {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
  port?: number;
  weight?: number;
  filters?: unknown[];
};
export type HttpRouteMatch = {
  path?: { type?: string; value?: string };
  headers?: { type?: string; name: string; value: string }[];
  queryParams?: { type?: string; name: string; value: string }[];
  method?: string;
};
export type HttpRouteRule = {
  name?: string;
  matches?: HttpRouteMatch[];
  filters?: unknown[];
  backendRefs?: BackendRef[];
  [field: string]: unknown;
};
export type HttpRoute = KubeObject & {
  spec: { rules?: HttpRouteRule[]; [field: string]: unknown };
  status?: {
    parents?: {
      parentRef: { name: string; namespace?: string };
      controllerName?: string;
      conditions?: { type: string; status: string; reason?: string; message?: string; observedGeneration?: number }[];
    }[];
  };
};

export type EndpointSlice = KubeObject & {
  endpoints?: {
    addresses: string[];
    conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean };
    targetRef?: { kind?: string; name?: string; uid?: string };
  }[];
};

/** A Rollout as stored: `spec` is the spec room's to understand. */
export type RolloutObject = KubeObject & { spec?: unknown; status?: Record<string, unknown> };

export type ObjectOf = {
  rollouts: RolloutObject;
  deployments: Deployment;
  replicasets: ReplicaSet;
  pods: Pod;
  services: Service;
  ingresses: Ingress;
  httproutes: HttpRoute;
  endpointslices: EndpointSlice;
};
