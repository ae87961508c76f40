/** A version that is still rolling out when the next one is published is finished first; the next one is held until then. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deployment, ingress, manifests, onIngress, rollout, service } from '../support/app.ts';
import { type Cluster, openCluster } from '../support/cluster.ts';
import { approveByStatus, reaches, setImage, statusOf, usersObjects } from '../support/story.ts';
import { eventually } from '../support/wait.ts';
import { startWorker, type WorkerProcess } from '../support/worker.ts';

let cluster: Cluster;
let worker: WorkerProcess;
const slowly = { 'sluice.dev/ready-after': '1s' };

beforeAll(async () => {
  cluster = await openCluster('queue');
  worker = await startWorker({ namespace: cluster.namespace, taskQueue: cluster.namespace });
});

afterAll(async () => {
  expect(await worker.stop()).toBe(0);
  await cluster.close();
});

function activeVersions() {
  return cluster
    .list('replicasets')
    .then((sets) =>
      sets
        .filter(({ status }) => (status?.replicas ?? 0) > 0)
        .map(({ spec }) => spec.template.spec.containers[0]?.image),
    );
}

describe('a version published while another is still rolling out', () => {
  it('waits its turn when the other rolls by itself', async () => {
    await cluster.apply(manifests(deployment({ replicas: 4, annotations: slowly }), service, ingress));
    await eventually(
      'all pods ready',
      async () => (await cluster.get('deployments', 'echoserver'))?.status?.availableReplicas === 4,
    );
    await setImage(cluster, 'cilium/echoserver:1.10.3');
    await eventually('the native update to be under way', async () => (await activeVersions()).length === 2);
    await cluster.apply(rollout({ route: onIngress, more: '' }));
    await setImage(cluster, 'cilium/echoserver:1.10.4');
    await eventually('the message to say what is finished first', async () =>
      /An earlier version \(cilium\/echoserver:1.10.3\) is still rolling out/.test(
        (await statusOf(cluster)).message ?? '',
      ),
    );
    await reaches(cluster, { currentStepState: 'StepPaused', currentStepIndex: 1 }, undefined, 60_000);
    const object = await cluster.get('deployments', 'echoserver');
    expect(object?.spec.template.spec.containers[0]?.image).toBe('cilium/echoserver:1.10.4');
    expect(object?.spec.paused).toBe(true);
    expect(object?.metadata.annotations?.['sluice.dev/queued-template']).toBeUndefined();
    expect((await activeVersions()).sort()).toEqual(['cilium/echoserver:1.10.3', 'cilium/echoserver:1.10.4']);
  }, 120_000);

  it('waits its turn when the other is the end of a release', async () => {
    await approveByStatus(cluster);
    await reaches(cluster, { currentStepState: 'StepPaused', currentStepIndex: 2 });
    await approveByStatus(cluster);
    await eventually('the release to be finishing', async () => {
      const object = await cluster.get('deployments', 'echoserver');
      return (
        object?.spec.paused !== true && object?.status?.updatedReplicas !== 0 && object?.status?.updatedReplicas !== 4
      );
    });
    await setImage(cluster, 'cilium/echoserver:1.10.5');
    const status = await eventually(
      'the last version at its first pause',
      async () => {
        const seen = await statusOf(cluster);
        const object = await cluster.get('deployments', 'echoserver');
        const last = object?.spec.template.spec.containers[0]?.image === 'cilium/echoserver:1.10.5';
        return last && seen.currentStepState === 'StepPaused' && seen.currentStepIndex === 1 && seen;
      },
      { deadline: 60_000, seen: () => statusOf(cluster) },
    );
    expect(status.phase).toBe('Progressing');
    expect((await activeVersions()).sort()).toEqual(['cilium/echoserver:1.10.4', 'cilium/echoserver:1.10.5']);
    await setImage(cluster, 'cilium/echoserver:1.10.4');
    await reaches(cluster, { phase: 'Healthy', message: 'Rollout progressing has been canceled' });
    expect(Object.keys(await usersObjects(cluster)).sort()).toEqual([
      'deployments/echoserver',
      'ingresses/echoserver',
      'services/echoserver',
    ]);
  }, 120_000);
});
