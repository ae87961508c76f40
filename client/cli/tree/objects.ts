/** The cluster's objects, as far as the tree shows them: what `kubectl get -o json` prints, with optional everything. */

export type Meta = {
  readonly name: string;
  readonly uid?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly { readonly uid: string; readonly kind: string; readonly name: string }[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
};

type Template = { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } };

export type LabelSelector = {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
};

export type Workload = {
  readonly kind: string;
  readonly metadata: Meta;
  readonly spec?: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly selector?: LabelSelector;
    readonly template?: Template;
  };
  readonly status?: { readonly replicas?: number; readonly readyReplicas?: number; readonly updatedReplicas?: number };
};

type Waiting = { readonly reason?: string; readonly message?: string };
type ContainerStatus = {
  readonly name?: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: Waiting;
    readonly terminated?: Waiting & { readonly exitCode?: number };
    readonly running?: object;
  };
};

export type Pod = {
  readonly metadata: Meta;
  readonly spec?: { readonly containers?: readonly { readonly name?: string }[] };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
};

export type Service = {
  readonly metadata: Meta;
  readonly spec?: { readonly selector?: Readonly<Record<string, string>> };
};
export type Ingress = { readonly metadata: Meta };

export type HttpRoute = {
  readonly metadata: Meta;
  readonly spec?: {
    readonly rules?: readonly {
      readonly matches?: readonly { readonly headers?: readonly { readonly name: string; readonly value: string }[] }[];
      readonly backendRefs?: readonly { readonly name: string; readonly weight?: number }[];
    }[];
  };
};

export type Rollout = {
  readonly apiVersion?: string;
  readonly metadata: Meta;
  readonly status?: {
    readonly phase?: string;
    readonly message?: string;
    readonly currentStepIndex?: number;
    readonly currentStepState?: string;
  };
};

/** Everything the tree shows of the cluster; `problems` are sentences about what could not be read. */
export type ClusterObjects = {
  readonly rollout?: Rollout;
  readonly workload?: Workload;
  /** Deployments that a canary-style release made beside the user's. */
  readonly canaries: readonly Workload[];
  readonly replicaSets: readonly Workload[];
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly ingresses: readonly Ingress[];
  readonly routes: readonly HttpRoute[];
  readonly problems: readonly string[];
};

export const nothing: ClusterObjects = {
  canaries: [],
  replicaSets: [],
  pods: [],
  services: [],
  ingresses: [],
  routes: [],
  problems: [],
};

/** Images of a workload's template. */
export function imagesOf(workload: Workload): string[] {
  return (workload.spec?.template?.spec?.containers ?? []).map(({ image }) => image ?? '?');
}

/** A selector as `kubectl -l` takes it; undefined when it selects nothing in particular. */
export function selectorText(selector: LabelSelector | undefined): string | undefined {
  const parts = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    if (operator === 'In') parts.push(`${key} in (${values.join(',')})`);
    if (operator === 'NotIn') parts.push(`${key} notin (${values.join(',')})`);
    if (operator === 'Exists') parts.push(key);
    if (operator === 'DoesNotExist') parts.push(`!${key}`);
  }
  return parts.length === 0 ? undefined : parts.join(',');
}

/** Is the workload held back for a release, by admission or by a release? */
export function isHeld(workload: Workload | undefined): workload is Workload {
  const annotations = workload?.metadata.annotations ?? {};
  return workload?.spec?.paused === true && annotations['rollouts.kruise.io/in-progressing'] !== undefined;
}
