import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentialFiles } from '../cluster/credentials.ts';
import { serverPath } from '../servers/obtain.ts';
import type { Component, Context } from './component.ts';
import { lookAt } from './http.ts';

/** Names of the nodes that every stack has. */
export const nodeNames = ['node-1', 'node-2', 'node-3'] as const;

/** Addresses of pods; dev/cluster/kwok.yaml derives them from the pod's UID. */
export const podCidr = '10.128.0.0/9';

const etcd: Component = {
  name: 'etcd',
  needs: [],
  startDeadlineMs: 30_000,
  command: ({ stack: { dir, ports } }) => ({
    file: serverPath('etcd'),
    args: [
      '--name=sluice',
      `--data-dir=${join(dir, 'etcd')}`,
      `--listen-client-urls=http://127.0.0.1:${ports.etcd}`,
      `--advertise-client-urls=http://127.0.0.1:${ports.etcd}`,
      `--listen-peer-urls=http://127.0.0.1:${ports.etcdPeer}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${ports.etcdPeer}`,
      `--initial-cluster=sluice=http://127.0.0.1:${ports.etcdPeer}`,
      '--unsafe-no-fsync', // nothing here needs to survive a power cut
      '--log-level=warn',
      '--quota-backend-bytes=4294967296',
    ],
  }),
  look: ({ stack: { ports } }) => lookAt({ url: `http://127.0.0.1:${ports.etcd}/readyz` }),
};

const apiServer: Component = {
  name: 'kube-apiserver',
  needs: ['etcd'],
  startDeadlineMs: 60_000,
  prepare: async ({ stack: { dir } }) => {
    // One line per finished request; the RequestReceived stage would double that.
    const policy = {
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [{ level: 'Metadata' }],
    };
    writeFileSync(join(dir, 'audit-policy.json'), JSON.stringify(policy));
  },
  command: ({ stack: { dir, ports, kubernetes }, options }) => {
    const files = credentialFiles(dir);
    return {
      file: serverPath('apiServer'),
      args: [
        `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
        '--bind-address=127.0.0.1',
        '--advertise-address=127.0.0.1',
        `--secure-port=${ports.apiServer}`,
        `--cert-dir=${join(dir, 'api-certificate')}`,
        `--token-auth-file=${files.tokens}`,
        '--authorization-mode=RBAC',
        `--service-account-key-file=${files.serviceAccountPublic}`,
        `--service-account-signing-key-file=${files.serviceAccountPrivate}`,
        '--service-account-issuer=https://kubernetes.default.svc',
        '--service-cluster-ip-range=10.96.0.0/16',
        '--endpoint-reconciler-type=none',
        // Pods run nothing here, so they need no token; without this a new namespace refuses pods until its account exists.
        '--disable-admission-plugins=ServiceAccount',
        '--profiling=false',
        '--shutdown-delay-duration=0s',
        ...(options.audit
          ? [
              `--audit-policy-file=${join(dir, 'audit-policy.json')}`,
              `--audit-log-path=${kubernetes.auditLog ?? join(dir, 'audit.log')}`,
              '--audit-log-mode=blocking', // so that a line is there once its request has been answered
            ]
          : []),
      ],
    };
  },
  look: async ({ stack, api }) => {
    const { status, body } = await api().request('GET', '/readyz');
    if (status !== 200) return `HTTP ${status} from ${stack.kubernetes.server}/readyz: ${String(body).slice(0, 200)}`;
    return undefined;
  },
};

const controllerManager: Component = {
  name: 'kube-controller-manager',
  needs: ['kube-apiserver'],
  follows: ['kube-apiserver'],
  startDeadlineMs: 60_000,
  command: ({ stack: { dir, ports, kubernetes } }) => ({
    file: serverPath('controllerManager'),
    args: [
      `--kubeconfig=${kubernetes.kubeconfigs.kcm}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${ports.controllerManager}`,
      '--leader-elect=false',
      `--service-account-private-key-file=${credentialFiles(dir).serviceAccountPrivate}`,
      `--root-ca-file=${kubernetes.caFile}`,
      // The defaults (20 requests a second) are the slowest part of a small cluster.
      '--kube-api-qps=1000',
      '--kube-api-burst=2000',
      '--concurrent-deployment-syncs=20',
      '--concurrent-replicaset-syncs=20',
      '--concurrent-statefulset-syncs=10',
      '--concurrent-endpoint-syncs=10',
      '--concurrent-service-endpoint-syncs=20',
      '--concurrent-gc-syncs=20',
      '--concurrent-namespace-syncs=20',
      '--horizontal-pod-autoscaler-sync-period=5s',
    ],
  }),
  look: async ({ stack: { ports }, api }) => {
    const seen = await lookAt({ url: `https://127.0.0.1:${ports.controllerManager}/healthz` });
    if (seen !== undefined) return seen;
    // Healthy comes before working: this account is made by one of its controllers.
    const account = await api().get('/api/v1/namespaces/default/serviceaccounts/default');
    return account === undefined ? 'its controllers have not made the account default/default' : undefined;
  },
};

const scheduler: Component = {
  name: 'kube-scheduler',
  needs: ['kube-apiserver'],
  follows: ['kube-apiserver'],
  startDeadlineMs: 60_000,
  prepare: async ({ stack: { dir, kubernetes } }) => {
    const configuration = {
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      kind: 'KubeSchedulerConfiguration',
      clientConnection: { kubeconfig: kubernetes.kubeconfigs.scheduler, qps: 1000, burst: 2000 },
      leaderElection: { leaderElect: false },
    };
    writeFileSync(join(dir, 'scheduler.json'), JSON.stringify(configuration));
  },
  command: ({ stack: { dir, ports } }) => ({
    file: serverPath('scheduler'),
    args: [`--config=${join(dir, 'scheduler.json')}`, '--bind-address=127.0.0.1', `--secure-port=${ports.scheduler}`],
  }),
  look: ({ stack: { ports } }) => lookAt({ url: `https://127.0.0.1:${ports.scheduler}/readyz` }),
};

const kwok: Component = {
  name: 'kwok',
  needs: ['kube-apiserver'],
  follows: ['kube-apiserver'],
  startDeadlineMs: 60_000,
  prepare: applyNodes,
  // A kwok that was killed still holds the leases of its nodes, and its successor would leave their pods alone for minutes.
  beforeStart: async ({ api }) => {
    await Promise.all(nodeNames.map((name) => api().request('DELETE', leasePath(name))));
  },
  command: ({ stack: { ports, kubernetes } }) => ({
    file: serverPath('kwok'),
    args: [
      `--kubeconfig=${kubernetes.kubeconfigs.kwok}`,
      `--config=${fileURLToPath(new URL('../cluster/kwok.yaml', import.meta.url))}`,
      '--manage-all-nodes',
      '--node-lease-duration-seconds=40', // without leases every pod turns unready after 40 s
      '--node-ip=127.0.0.1',
      `--cidr=${podCidr}`,
      `--server-address=127.0.0.1:${ports.kwok}`,
    ],
  }),
  look: async ({ stack: { ports }, api }) => {
    const seen = await lookAt({ url: `http://127.0.0.1:${ports.kwok}/healthz` });
    if (seen !== undefined) return seen;
    const { items } = await api().get('/api/v1/nodes');
    for (const node of items) {
      const ready = node.status.conditions?.find((condition: { type: string }) => condition.type === 'Ready');
      if (ready?.status !== 'True') return `node ${node.metadata.name} is not Ready`;
      // The controller manager takes the taint off; until then nothing is scheduled.
      if (node.spec.taints?.length > 0) return `node ${node.metadata.name} has taint ${node.spec.taints[0].key}`;
      const lease = await api().get(leasePath(node.metadata.name));
      if (lease === undefined) return `kwok does not hold the lease of node ${node.metadata.name} yet`;
    }
    return items.length < nodeNames.length ? `${items.length} of ${nodeNames.length} nodes` : undefined;
  },
};

function leasePath(node: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${node}`;
}

async function applyNodes({ api }: Context): Promise<void> {
  await Promise.all(
    nodeNames.map((name) =>
      api().apply(`/api/v1/nodes/${name}`, {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', type: 'kwok' } },
      }),
    ),
  );
}

const tuning = {
  // Without this every timer rounds up to about a second.
  'history.timerProcessorMaxTimeShift': '1ms',
  'system.enableActivityEagerExecution': true,
  'system.enableEagerWorkflowStart': true,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
};

const temporal: Component = {
  name: 'temporal',
  needs: [],
  startDeadlineMs: 60_000,
  command: ({ stack: { dir, ports }, options }) => ({
    file: serverPath('temporal'),
    args: [
      'server',
      'start-dev',
      '--ip=127.0.0.1',
      `--port=${ports.temporal}`,
      `--http-port=${ports.temporalHttp}`,
      `--ui-port=${ports.temporalUi}`,
      `--metrics-port=${ports.temporalMetrics}`,
      '--log-level=warn',
      ...Object.entries(tuning).map(([key, value]) => `--dynamic-config-value=${key}=${JSON.stringify(value)}`),
      ...(options.temporal === 'file'
        ? [
            `--db-filename=${join(dir, 'temporal.db')}`,
            // A crash of the process loses nothing with these; only a power cut could.
            '--sqlite-pragma=journal_mode=wal',
            '--sqlite-pragma=synchronous=0',
          ]
        : []),
    ],
  }),
  look: async ({ stack: { ports } }) =>
    (await lookAt({ url: `http://127.0.0.1:${ports.temporalHttp}/api/v1/namespaces/default` })) ??
    (await lookAt({ url: `http://127.0.0.1:${ports.temporalUi}/` })),
};

/** The servers that every stack has. */
export const controlPlane: readonly Component[] = [etcd, apiServer, controllerManager, scheduler, kwok, temporal];
