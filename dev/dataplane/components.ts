import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeApi } from '../cluster/api.ts';
import type { Component, Context } from '../components/component.ts';
import { get, lookAt } from '../components/http.ts';
import { DevError } from '../errors.ts';
import { scriptPath } from '../paths.ts';
import { obtainedText, serverPath } from '../servers/obtain.ts';
import { run } from '../servers/run.ts';
import type { DataPlane } from '../types.ts';
import { waitUntil } from '../wait.ts';
import { netns } from './netns.ts';

/**
 * Ports inside of the namespace; only Contour, Envoy and the pod stand-in live there, so they are fixed. Pods cannot have
 * these, nor 9001 (Envoy's read-only admin).
 */
export const insidePorts = {
  envoy: 18080,
  xds: 18001,
  metrics: 18000,
  envoyStats: 18002,
  debug: 18003,
  health: 18004,
} as const;

/** Contour adds this to a listener's port to get Envoy's. */
const portOffset = 8000;

type Available = Extract<DataPlane, { available: true }>;

/** The data plane of a stack that has one. */
export function dataPlaneOf(dataPlane: DataPlane): Available {
  if (!dataPlane.available) throw new DevError(dataPlane.reason);
  return dataPlane;
}

function script(relative: string, args: readonly string[]) {
  return {
    file: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', scriptPath(relative, import.meta.url), ...args],
  };
}

const relayOutside: Component = {
  name: 'relay-outside',
  needs: [],
  dataPlane: true,
  startDeadlineMs: 20_000,
  prepare: async ({ stack }) => {
    mkdirSync(join(stack.dir, 'run'), { recursive: true, mode: 0o700 });
  },
  command: ({ stack: { ports, dataPlane } }) => {
    const { sockets } = dataPlaneOf(dataPlane);
    return script('./relay', [
      `unix:${sockets.api}=tcp:${ports.apiServer}`,
      `tcp:${ports.envoy}=unix:${sockets.envoy}`,
    ]);
  },
  // Whatever the far end says, it is the relay that took the connection.
  look: async ({ stack: { ports } }) => {
    try {
      await get({ url: `http://127.0.0.1:${ports.envoy}/` });
    } catch (error) {
      if ((error as { code?: string }).code === 'ECONNREFUSED') return 'it does not listen yet';
    }
    return undefined;
  },
};

const relayInside: Component = {
  name: 'relay-inside',
  needs: ['netns', 'relay-outside', 'kube-apiserver'],
  inside: true,
  dataPlane: true,
  startDeadlineMs: 20_000,
  command: ({ stack: { ports, dataPlane } }) => {
    const { sockets } = dataPlaneOf(dataPlane);
    // The API server has the same address inside as outside, so kubeconfigs and its certificate hold in both.
    return script('./relay', [
      `tcp:${ports.apiServer}=unix:${sockets.api}`,
      `unix:${sockets.envoy}=tcp:${insidePorts.envoy}`,
    ]);
  },
  look: async ({ stack: { dataPlane } }) => {
    try {
      await get({ socketPath: dataPlaneOf(dataPlane).sockets.envoy, path: '/' });
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'ECONNREFUSED' || code === 'ENOENT') return 'it does not listen yet';
    }
    return undefined;
  },
};

const pods: Component = {
  name: 'pods',
  needs: ['netns', 'relay-inside', 'kube-apiserver'],
  inside: true,
  dataPlane: true,
  startDeadlineMs: 20_000,
  command: ({ stack: { kubernetes, dataPlane } }) => {
    const { sockets, podPorts } = dataPlaneOf(dataPlane);
    return script('./pods', [kubernetes.kubeconfigs.pods, sockets.pods, podPorts.join(',')]);
  },
  look: ({ stack: { dataPlane } }) => lookAt({ socketPath: dataPlaneOf(dataPlane).sockets.pods, path: '/healthz' }),
};

const contour: Component = {
  name: 'contour',
  needs: ['netns', 'relay-inside', 'kube-apiserver'],
  follows: ['kube-apiserver'],
  inside: true,
  dataPlane: true,
  startDeadlineMs: 40_000,
  prepare: applyGateway,
  beforeStart: ({ api }) => applyCrds(api()),
  command: ({ stack: { dir, kubernetes, dataPlane } }) => ({
    file: serverPath('contour'),
    args: [
      'serve',
      `--config-path=${join(dir, 'contour.json')}`,
      `--kubeconfig=${kubernetes.kubeconfigs.contour}`,
      '--insecure', // xDS never leaves the namespace
      '--disable-leader-election',
      '--kubernetes-client-qps=500',
      '--kubernetes-client-burst=1000',
      '--xds-address=127.0.0.1',
      `--xds-port=${insidePorts.xds}`,
      '--http-address=127.0.0.1',
      `--http-port=${insidePorts.metrics}`,
      '--health-address=127.0.0.1',
      `--health-port=${insidePorts.health}`,
      `--debug-http-port=${insidePorts.debug}`,
      '--stats-address=127.0.0.1',
      `--stats-port=${insidePorts.envoyStats}`,
      `--ingress-class-name=${dataPlaneOf(dataPlane).ingressClassName}`,
      '--ingress-status-address=127.0.0.1',
      ...['extensionservices', 'tlsroutes', 'grpcroutes', 'tcproutes', 'backendtlspolicies'].map(
        (feature) => `--disable-feature=${feature}`,
      ),
    ],
  }),
  look: async ({ stack: { dataPlane }, api }) => {
    const { namespace, name } = dataPlaneOf(dataPlane).gatewayRef;
    const gateway = await api().get(`/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/gateways/${name}`);
    const programmed = gateway?.status?.conditions?.find(
      (condition: { type: string }) => condition.type === 'Programmed',
    );
    return programmed?.status === 'True'
      ? undefined
      : `Gateway ${namespace}/${name} is not Programmed (${programmed?.message})`;
  },
};

const envoy: Component = {
  name: 'envoy',
  needs: ['netns', 'contour'],
  inside: true,
  dataPlane: true,
  startDeadlineMs: 30_000,
  beforeStart: async ({ stack }) => {
    const made = await run(serverPath('contour'), [
      'bootstrap',
      join(stack.dir, 'envoy.json'),
      '--xds-address=127.0.0.1',
      `--xds-port=${insidePorts.xds}`,
      `--admin-address=${adminSocket(stack.dir)}`,
    ]);
    if (made.code !== 0) throw new DevError(`Envoy's configuration could not be written: ${made.stderr.trim()}`);
  },
  command: ({ stack: { dir } }) => ({
    file: serverPath('envoy'),
    // One worker thread: with two, each keeps its own round robin, and shares come out coarser.
    args: [
      ...['-c', join(dir, 'envoy.json'), '--service-node', 'sluice', '--service-cluster', 'sluice'],
      ...['--disable-hot-restart', '--concurrency', '1', '--log-level', 'warning'],
    ],
  }),
  look: async ({ stack: { dir } }) => {
    const seen = await lookAt({ socketPath: adminSocket(dir), path: '/ready' });
    if (seen !== undefined) return seen;
    const { body } = await get({ socketPath: adminSocket(dir), path: '/stats?filter=control_plane.connected_state' });
    return /connected_state: 1/.test(body) ? undefined : 'it has no connection to Contour';
  },
};

/** Envoy's admin interface (`/stats`, `/clusters`, `/config_dump`). */
export function adminSocket(dir: string): string {
  return join(dir, 'run', 'envoy-admin.sock');
}

async function applyGateway({ stack, api }: Context): Promise<void> {
  const { namespace, name } = dataPlaneOf(stack.dataPlane).gatewayRef;
  writeFileSync(join(stack.dir, 'contour.json'), JSON.stringify({ gateway: { gatewayRef: { namespace, name } } }));
  await api().apply(`/api/v1/namespaces/${namespace}`, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  });
  const group = '/apis/gateway.networking.k8s.io/v1';
  await api().apply(`${group}/gatewayclasses/contour`, {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: 'contour' },
    spec: { controllerName: 'projectcontour.io/gateway-controller' },
  });
  await api().apply(`${group}/namespaces/${namespace}/gateways/${name}`, {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name, namespace },
    spec: {
      gatewayClassName: 'contour',
      // Not port 80: that becomes Envoy's port 8080, which belongs to the pods here.
      listeners: [
        {
          name: 'http',
          protocol: 'HTTP',
          port: insidePorts.envoy - portOffset,
          allowedRoutes: { namespaces: { from: 'All' } },
        },
      ],
    },
  });
}

/** Makes sure the CRDs of Gateway API and Contour are served: Contour gives up at once when one is not. */
async function applyCrds(api: KubeApi): Promise<void> {
  const crds = [obtainedText('gatewayCrds'), obtainedText('contourCrds')]
    .flatMap((text) => text.split(/^---$/m))
    .filter((text) => /^kind: CustomResourceDefinition$/m.test(text))
    .map((text) => ({ name: /^ {2}name: (.+)$/m.exec(text)?.[1] ?? '', text }));
  const missing = async () => {
    const served = await servedResources(api);
    return crds.filter(({ name }) => !served.has(name));
  };
  // The text goes as it is: the API server reads YAML, and reading a megabyte of it here would take a second.
  await Promise.all(
    (await missing()).map(({ name, text }) =>
      api.apply(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`, text),
    ),
  );
  await waitUntil(
    'the Gateway API to be served',
    async () => {
      const left = (await missing()).map(({ name }) => name);
      return left.length === 0 ? undefined : `not served yet: ${left.join(', ')}`;
    },
    { deadlineMs: 30_000 },
  );
}

/** Names of all resources in discovery, spelt like CRDs (`httproutes.gateway.networking.k8s.io`). */
async function servedResources(api: KubeApi): Promise<ReadonlySet<string>> {
  const { items } = await api.get('/apis', 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
  const names = new Set<string>();
  for (const { metadata, versions } of items) {
    for (const version of versions) {
      for (const { resource } of version.resources ?? []) names.add(`${resource}.${metadata.name}`);
    }
  }
  return names;
}

/** The components that make real packets. */
export const dataPlaneComponents: readonly Component[] = [netns, relayOutside, relayInside, pods, contour, envoy];
