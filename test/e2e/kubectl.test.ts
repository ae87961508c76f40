/** With kubectl alone, as the documents describe it: apply, change the image, watch, approve, roll back, delete. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deployment, ingress, manifests, onIngress, rollout, service } from '../support/app.ts';
import { type Cluster, openCluster } from '../support/cluster.ts';
import { approveByStatus, reaches, setImage, usersObjects } from '../support/story.ts';
import { eventually } from '../support/wait.ts';
import { startWorker, type WorkerProcess } from '../support/worker.ts';

let cluster: Cluster;
let worker: WorkerProcess;

beforeAll(async () => {
  cluster = await openCluster('kubectl');
  worker = await startWorker({ namespace: cluster.namespace, taskQueue: cluster.namespace });
});

afterAll(async () => {
  expect(await worker.stop()).toBe(0);
  await cluster.close();
});

describe('a user with kubectl', () => {
  it('sees a new Rollout become Healthy, with the columns of kubectl get', async () => {
    await cluster.apply(manifests(deployment(), service, ingress, rollout({ route: onIngress })));
    await reaches(cluster, { phase: 'Healthy' });
    const [header = '', line = ''] = (await cluster.kubectl('get', 'rollout')).split('\n');
    expect(header.trim().split(/\s{2,}/)).toEqual(['NAME', 'STATUS', 'CANARY_STEP', 'CANARY_STATE', 'MESSAGE', 'AGE']);
    expect(line).toMatch(/^rollouts-demo\s+Healthy\s+3\s+Completed\s+workload deployment is completed\s/);
  });

  it('releases a new image step by step, approving by status patch, and gets the objects back as they were', async () => {
    await eventually(
      'all pods ready',
      async () => (await cluster.get('deployments', 'echoserver'))?.status?.availableReplicas === 5,
    );
    const before = await usersObjects(cluster);
    await setImage(cluster, 'cilium/echoserver:1.10.3');
    await reaches(cluster, { currentStepState: 'StepPaused', currentStepIndex: 1 });
    const [header, line = ''] = (await cluster.kubectl('get', 'rollout')).split('\n');
    expect(header).toContain('MESSAGE');
    expect(line).toContain('Rollout is in step(1/3), and you need manually confirm to enter the next step');

    const stable = await cluster.get('deployments', 'echoserver');
    expect(stable?.spec.paused).toBe(true);
    const deployments = await cluster.list('deployments');
    const canary = deployments.find(
      (object) => object.metadata.labels?.['rollouts.kruise.io/canary-deployment'] === 'echoserver',
    );
    expect(canary?.spec.replicas).toBe(1);
    expect(canary?.spec.template.spec.containers[0]?.image).toBe('cilium/echoserver:1.10.3');
    const { canaryStatus } = await reaches(cluster, { currentStepState: 'StepPaused' });
    const stableHash = canaryStatus?.stableRevision as string;
    const canaryHash = canaryStatus?.podTemplateHash as string;
    expect((await cluster.get('services', 'echoserver'))?.spec.selector).toEqual({
      app: 'echoserver',
      'pod-template-hash': stableHash,
    });
    expect((await cluster.get('services', 'echoserver-canary'))?.spec.selector).toEqual({
      app: 'echoserver',
      'pod-template-hash': canaryHash,
    });
    const route = await cluster.get('ingresses', 'echoserver-canary');
    expect(route?.metadata.annotations).toMatchObject({
      'kubernetes.io/ingress.class': 'nginx',
      'nginx.ingress.kubernetes.io/canary': 'true',
      'nginx.ingress.kubernetes.io/canary-weight': '5',
    });
    expect(route?.spec.rules?.[0]?.http?.paths[0]?.backend.service?.name).toBe('echoserver-canary');

    await approveByStatus(cluster);
    await reaches(cluster, { currentStepState: 'StepPaused', currentStepIndex: 2 });
    expect((await cluster.get('deployments', canary?.metadata.name ?? ''))?.spec.replicas).toBe(2);
    expect((await cluster.get('ingresses', 'echoserver-canary'))?.metadata.annotations).toMatchObject({
      'nginx.ingress.kubernetes.io/canary-weight': '40',
    });

    await approveByStatus(cluster);
    const done = await reaches(cluster, { phase: 'Healthy', currentStepState: 'Completed' });
    expect(done.message).toBe('Rollout progressing has been completed');
    expect(done.conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'Progressing', status: 'False', reason: 'Completed' }),
        expect.objectContaining({ type: 'Succeeded', status: 'True' }),
      ]),
    );
    const after = await usersObjects(cluster);
    expect(after).toEqual(
      JSON.parse(
        JSON.stringify(before).replaceAll('"image":"cilium/echoserver:1.10.2"', '"image":"cilium/echoserver:1.10.3"'),
      ),
    );
    expect((await cluster.get('deployments', 'echoserver'))?.status?.updatedReplicas).toBe(5);
  });

  it('rolls a version back that never becomes ready by applying the old image', async () => {
    const before = await usersObjects(cluster);
    await setImage(cluster, 'cilium/echoserver:failed');
    await eventually('the message to name the pod and its reason', async () => {
      const line = await cluster.kubectl('get', 'rollout', 'rollouts-demo', '-o', 'jsonpath={.status.message}');
      return /step\(1\/3\).*pod echoserver-\S+ container echoserver is in ImagePullBackOff/.test(line);
    });
    await reaches(cluster, { currentStepState: 'StepUpgrade' });
    await setImage(cluster, 'cilium/echoserver:1.10.3');
    const status = await reaches(cluster, { phase: 'Healthy', message: 'Rollout progressing has been canceled' });
    expect(status.conditions).toEqual(
      expect.arrayContaining([expect.objectContaining({ type: 'Succeeded', status: 'False' })]),
    );
    expect(await usersObjects(cluster)).toEqual(before);
  });

  it('publishes a third version in the middle, and only that one is released', async () => {
    await setImage(cluster, 'cilium/echoserver:1.10.4');
    const second = await reaches(cluster, { currentStepState: 'StepPaused', currentStepIndex: 1 });
    await approveByStatus(cluster);
    await reaches(cluster, { currentStepState: 'StepPaused', currentStepIndex: 2 });
    await setImage(cluster, 'cilium/echoserver:1.10.5');
    const third = await eventually('the third version at its first pause', async () => {
      const status = await reaches(cluster, { currentStepState: 'StepPaused', currentStepIndex: 1 });
      return status.canaryStatus?.canaryRevision !== second.canaryStatus?.canaryRevision && status;
    });
    expect(third.canaryStatus?.stableRevision).toBe(second.canaryStatus?.stableRevision);
    const canaries = (await cluster.list('deployments')).filter((object) => object.metadata.name !== 'echoserver');
    expect(canaries.map(({ spec }) => [spec.template.spec.containers[0]?.image, spec.replicas])).toEqual([
      ['cilium/echoserver:1.10.5', 1],
    ]);
  });

  it('finds the finalizer on a Rollout whose release began before it was ever seen idle', async () => {
    const unseen = { metadata: { finalizers: null, annotations: { 'rollouts.kruise.io/hash': null } } };
    await cluster.kubectl('patch', 'rollout', 'rollouts-demo', '--type=merge', '--patch', JSON.stringify(unseen));
    await eventually(
      'the finalizer to be back',
      async () => (await cluster.get('rollouts', 'rollouts-demo'))?.metadata.finalizers?.length === 1,
    );
  });

  it('deletes the Rollout in the middle: the new version is carried to every pod and nothing is left', async () => {
    await cluster.kubectl('delete', 'rollout', 'rollouts-demo', '--timeout=30s');
    const objects = await usersObjects(cluster);
    expect(Object.keys(objects).sort()).toEqual([
      'deployments/echoserver',
      'ingresses/echoserver',
      'services/echoserver',
    ]);
    const object = await cluster.get('deployments', 'echoserver');
    expect(object?.spec.template.spec.containers[0]?.image).toBe('cilium/echoserver:1.10.5');
    expect(object?.status?.updatedReplicas).toBe(5);
    expect(object?.spec.paused).toBeUndefined();
  });
});
