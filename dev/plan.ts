import { join } from 'node:path';
import { kubeconfigPaths, makeTokens } from './cluster/credentials.ts';
import { namespaceSupport } from './dataplane/netns.ts';
import { DevError } from './errors.ts';
import { stackDir } from './paths.ts';
import { isPortFree, pickPort } from './ports.ts';
import { isAlive } from './procfs.ts';
import { controlPlaneServers, dataPlaneServers, type ServerKey } from './servers/catalog.ts';
import { obtainKubectl, serverPath } from './servers/obtain.ts';
import type { State } from './state.ts';
import type { ComponentName, DataPlane, Ports, Stack, UpOptions } from './types.ts';

/** Which component listens on each port. */
const listeners: Readonly<Record<keyof Ports, ComponentName>> = {
  etcd: 'etcd',
  etcdPeer: 'etcd',
  apiServer: 'kube-apiserver',
  controllerManager: 'kube-controller-manager',
  scheduler: 'kube-scheduler',
  kwok: 'kwok',
  temporal: 'temporal',
  temporalHttp: 'temporal',
  temporalUi: 'temporal',
  temporalMetrics: 'temporal',
  envoy: 'relay-outside',
};

/** Decides everything about a stack before anything is started. What a running stack has already decided stays. */
export async function plan(
  name: string,
  wanted: UpOptions,
  old: State | undefined,
  log: (line: string) => void,
): Promise<{ state: State; servers: readonly ServerKey[] }> {
  const dir = stackDir(name);
  const ports = await planPorts(name, wanted.ports ?? {}, old);
  const dataPlane = await planDataPlane(dir, wanted.dataPlane ?? old?.options.dataPlane ?? true, ports, old);
  const options = {
    dataPlane: dataPlane.available,
    audit: wanted.audit ?? old?.options.audit ?? false,
    temporal: wanted.temporal ?? old?.options.temporal ?? 'file',
  };
  const stack: Stack = {
    name,
    dir,
    ports,
    kubernetes: {
      server: `https://127.0.0.1:${ports.apiServer}`,
      caFile: join(dir, 'api-certificate', 'apiserver.crt'),
      kubeconfigs: kubeconfigPaths(dir),
      tokens: old?.stack.kubernetes.tokens ?? makeTokens(),
      ...(options.audit ? { auditLog: join(dir, 'audit.log') } : {}),
      kubectl: await obtainKubectl(log),
    },
    temporal: {
      address: `127.0.0.1:${ports.temporal}`,
      namespace: 'default',
      uiUrl: `http://127.0.0.1:${ports.temporalUi}`,
      metricsUrl: `http://127.0.0.1:${ports.temporalMetrics}/metrics`,
      cli: serverPath('temporal'),
    },
    dataPlane,
  };
  const servers = [...controlPlaneServers, ...(dataPlane.available ? dataPlaneServers : [])];
  return { state: { format: 1, options, stack, processes: old?.processes ?? {} }, servers };
}

/** Keeps ports in use by our own running components; picks others where they are taken by someone else. */
async function planPorts(name: string, fixed: Partial<Ports>, old: State | undefined): Promise<Ports> {
  const ports: Partial<Record<keyof Ports, number>> = {};
  const chosen = new Set(Object.values(fixed));
  for (const use of Object.keys(listeners) as (keyof Ports)[]) {
    const wanted = fixed[use] ?? old?.stack.ports[use];
    const record = old?.processes[listeners[use]];
    const ours = record !== undefined && isAlive(record) && old?.stack.ports[use] === wanted;
    if (wanted !== undefined && (ours || (await isPortFree(wanted)))) {
      ports[use] = wanted;
    } else if (fixed[use] !== undefined) {
      throw new DevError(
        `Port ${wanted} on 127.0.0.1, wanted for ${use} of stack "${name}", is taken by another program: end that program or ask for another port.`,
      );
    } else {
      ports[use] = await pickPort(chosen);
    }
    chosen.add(ports[use] as number);
  }
  return ports as Ports;
}

async function planDataPlane(dir: string, wanted: boolean, ports: Ports, old: State | undefined): Promise<DataPlane> {
  if (!wanted) return { available: false, reason: 'No real packets: the data plane was not asked for.' };
  const known = old?.stack.dataPlane;
  const support =
    known?.available === true
      ? { possible: true as const, userNamespace: known.userNamespace }
      : await namespaceSupport();
  if (!support.possible) return { available: false, reason: support.reason };
  return {
    available: true,
    gatewayRef: { namespace: 'sluice-gateway', name: 'sluice' },
    ingressClassName: 'contour',
    envoyUrl: `http://127.0.0.1:${ports.envoy}`,
    podPorts: [80, 8080],
    sockets: {
      envoy: join(dir, 'run', 'envoy.sock'),
      pods: join(dir, 'run', 'pods.sock'),
      api: join(dir, 'run', 'api.sock'),
    },
    holderPid: known?.available === true ? known.holderPid : 0,
    userNamespace: support.userNamespace,
  };
}
