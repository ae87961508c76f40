/** Cluster objects as `kubectl get -o json` prints them, cut down to what the tree reads. */
import { type ClusterObjects, nothing, type Pod, type Workload } from '../../../client/cli/tree/objects.ts';

const created = '2026-11-21T03:00:00Z';
const owner = (kind: string, name: string) => [{ kind, name, uid: `uid-${name}` }];

export function deployment(
  name: string,
  replicas: number,
  ready: number,
  more: { image?: string; paused?: boolean } = {},
): Workload {
  const { image = 'cilium/echoserver:1.10.2', paused = false } = more;
  return {
    kind: 'Deployment',
    metadata: { name, uid: `uid-${name}`, creationTimestamp: created },
    spec: { replicas, paused, template: { spec: { containers: [{ image }] } } },
    status: { replicas, readyReplicas: ready, updatedReplicas: replicas },
  };
}

export function replicaSet(name: string, of: string, replicas: number, image: string): Workload {
  const { spec, status } = deployment(name, replicas, replicas, { image });
  return {
    kind: 'ReplicaSet',
    metadata: { name, uid: `uid-${name}`, creationTimestamp: created, ownerReferences: owner('Deployment', of) },
    ...(spec && { spec }),
    ...(status && { status }),
  };
}

export function pod(name: string, of: string, waiting?: { reason: string; message: string }): Pod {
  return {
    metadata: { name, creationTimestamp: '2026-11-21T04:00:30Z', ownerReferences: owner('ReplicaSet', of) },
    spec: { containers: [{ name: 'main' }] },
    status: {
      phase: waiting === undefined ? 'Running' : 'Pending',
      conditions: [{ type: 'Ready', status: waiting === undefined ? 'True' : 'False' }],
      containerStatuses: [
        {
          name: 'main',
          ready: waiting === undefined,
          restartCount: 0,
          state: waiting === undefined ? { running: {} } : { waiting },
        },
      ],
    },
  };
}

/** Two stable pods of an echoserver, one canary pod (broken, if `broken`), Services, and an HTTPRoute. */
export function cluster(broken = false): ClusterObjects {
  const reason = { reason: 'ImagePullBackOff', message: 'Back-off pulling image\n"cilium/echoserver:1.10.3"' };
  return {
    ...nothing,
    rollout: { metadata: { name: 'echoserver', creationTimestamp: created } },
    workload: deployment('echoserver', 2, 2, { paused: true }),
    canaries: [deployment('echoserver-dqz', 1, broken ? 0 : 1, { image: 'cilium/echoserver:1.10.3' })],
    replicaSets: [
      replicaSet('echoserver-old', 'echoserver', 0, 'cilium/echoserver:1.10.1'),
      replicaSet('echoserver-aaa', 'echoserver', 2, 'cilium/echoserver:1.10.2'),
      replicaSet('echoserver-dqz-bbb', 'echoserver-dqz', 1, 'cilium/echoserver:1.10.3'),
    ],
    pods: [
      pod('echoserver-aaa-2', 'echoserver-aaa'),
      pod('echoserver-aaa-1', 'echoserver-aaa'),
      pod('echoserver-dqz-bbb-1', 'echoserver-dqz-bbb', broken ? reason : undefined),
    ],
    services: [
      {
        metadata: { name: 'echoserver', creationTimestamp: created },
        spec: { selector: { app: 'echoserver', 'pod-template-hash': 'aaa' } },
      },
      {
        metadata: { name: 'echoserver-canary', creationTimestamp: created },
        spec: { selector: { app: 'echoserver', 'pod-template-hash': 'bbb' } },
      },
    ],
    routes: [
      {
        metadata: { name: 'echoserver', creationTimestamp: created },
        spec: {
          rules: [
            {
              backendRefs: [
                { name: 'echoserver', weight: 95 },
                { name: 'echoserver-canary', weight: 5 },
              ],
            },
          ],
        },
      },
    ],
  };
}
