/** The parts of an embedded stack, in the order in which they are shown. */
export const componentNames = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
  'temporal',
  'netns',
  'relay-outside',
  'relay-inside',
  'pods',
  'contour',
  'envoy',
] as const;

/** Name of one process of the stack; also the name of its log. */
export type ComponentName = (typeof componentNames)[number];

/** Users of the embedded API server. Each has its own token, so that audit log and RBAC mean something. */
export const userNames = ['admin', 'worker', 'alice', 'kcm', 'scheduler', 'kwok', 'contour', 'pods'] as const;

/** Short name of a user; `worker` is the Kubernetes user `sluice-worker`, which has no rights until `sluice install`. */
export type UserName = (typeof userNames)[number];

/** What `up` is asked for. Everything has a default that suits a person at a terminal. */
export interface UpOptions {
  /** Stack name; stacks of different names run side by side. Default `$SLUICE_STACK`, else `dev`. */
  readonly name?: string;
  /** Run Contour, Envoy and the pod stand-in in a network namespace. Default: wherever a namespace may be made. */
  readonly dataPlane?: boolean;
  /** Write an audit log (level Metadata, one line per finished request). Default false. */
  readonly audit?: boolean;
  /** Where Temporal keeps its data. Default `file`; `memory` is faster and loses everything when Temporal stops. */
  readonly temporal?: 'file' | 'memory';
  /** Take down a running stack of this name first. Default false. */
  readonly fresh?: boolean;
  /** Ports that must be used; the rest are picked free. */
  readonly ports?: Partial<Ports>;
  /** Receives one line per thing worth telling. Default: stderr. */
  readonly log?: (line: string) => void;
}

/** TCP ports on 127.0.0.1 outside of the namespace. */
export interface Ports {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
  readonly controllerManager: number;
  readonly scheduler: number;
  readonly kwok: number;
  readonly temporal: number;
  readonly temporalHttp: number;
  readonly temporalUi: number;
  readonly temporalMetrics: number;
  readonly envoy: number;
}

/** A running stack: everything that is needed to use it, as plain data (it is what the state file holds). */
export interface Stack {
  readonly name: string;
  /** The state folder; it vanishes with `down`. */
  readonly dir: string;
  readonly ports: Ports;
  readonly kubernetes: {
    /** `https://127.0.0.1:<port>`; the certificate is checked against `caFile`. */
    readonly server: string;
    readonly caFile: string;
    /** Path of a kubeconfig for each user. */
    readonly kubeconfigs: Readonly<Record<UserName, string>>;
    /** Bearer token of each user. */
    readonly tokens: Readonly<Record<UserName, string>>;
    /** Path of the audit log (JSON lines), when asked for. */
    readonly auditLog?: string;
    /** Path of the kubectl in use. */
    readonly kubectl: string;
  };
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    readonly uiUrl: string;
    /** Prometheus metrics of the Temporal server. */
    readonly metricsUrl: string;
    /** Path of the Temporal CLI in use (`temporal workflow signal …`). */
    readonly cli: string;
  };
  readonly dataPlane: DataPlane;
}

/** Whether real packets flow, and where. */
export type DataPlane =
  | {
      readonly available: true;
      /** The Gateway that Contour serves; HTTPRoutes name it as parent. Its listener `http` on port 80 takes routes of all namespaces. */
      readonly gatewayRef: { readonly namespace: string; readonly name: string };
      /** Class of Ingresses that Contour serves. (nginx-class Ingresses are read by nobody here.) */
      readonly ingressClassName: string;
      /** `http://127.0.0.1:<port>`: Envoy as seen from outside of the namespace; choose the route by the Host header. */
      readonly envoyUrl: string;
      /** Ports that stand-in pods always answer on; others open when a pod declares them as TCP containerPort. */
      readonly podPorts: readonly number[];
      /** Unix sockets that lead into the namespace. */
      readonly sockets: { readonly envoy: string; readonly pods: string; readonly api: string };
      /** Process that holds the namespace; `nsenter` enters through it. */
      readonly holderPid: number;
      /** True when the namespace was made without root, by a user namespace. */
      readonly userNamespace: boolean;
    }
  | { readonly available: false /** One sentence: why not, and what would help. */; readonly reason: string };

/** One component as `status` sees it. */
export interface ComponentStatus {
  readonly name: ComponentName;
  readonly state: 'running' | 'not answering' | 'dead';
  readonly pid: number;
  readonly rssBytes: number;
  readonly log: string;
  /** What was seen when the state is not `running`. */
  readonly detail?: string;
}

/** What `status` answers. */
export interface StackStatus {
  readonly name: string;
  readonly dir: string;
  /** `up`: all components answer; `degraded`: some do not (`up` heals it); `down`: no stack of this name. */
  readonly state: 'up' | 'degraded' | 'down';
  readonly stack?: Stack;
  readonly components: readonly ComponentStatus[];
}
