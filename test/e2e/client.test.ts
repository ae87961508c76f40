/** The other way in: the typed client, on a cluster whose Rollout object exists or not. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Connected, connect, SluiceClient } from '../../client/index.ts';
import { deployment, ingress, manifests, onIngress, rollout, service } from '../support/app.ts';
import { type Cluster, openCluster } from '../support/cluster.ts';
import { reaches, setImage, usersObjects } from '../support/story.ts';
import { eventually } from '../support/wait.ts';
import { startWorker, type WorkerProcess } from '../support/worker.ts';

let cluster: Cluster;
let worker: WorkerProcess;
let connected: Connected;
let sluice: SluiceClient;
const by = 'mara';

beforeAll(async () => {
  cluster = await openCluster('client');
  worker = await startWorker({ namespace: cluster.namespace, taskQueue: cluster.namespace });
  connected = await connect();
  sluice = new SluiceClient(connected.client, { cluster: 'test', taskQueue: cluster.namespace });
});

afterAll(async () => {
  await connected.close();
  expect(await worker.stop()).toBe(0);
  await cluster.close();
});

const target = () => ({ namespace: cluster.namespace, name: 'rollouts-demo' });

async function deployed(): Promise<void> {
  await cluster.apply(manifests(deployment({ replicas: 3 }), service, ingress));
  await eventually(
    'all pods ready',
    async () => (await cluster.get('deployments', 'echoserver'))?.status?.availableReplicas === 3,
  );
}

function viewAt(step: number) {
  return eventually(`the release to wait at step ${step}`, async () => {
    const view = await sluice.get(target());
    return view.step === step && view.awaited.kind === 'approval' && view;
  });
}

describe('a program with the client', () => {
  it('releases new images without a Rollout object, from the first answer to the result', async () => {
    await deployed();
    const before = await usersObjects(cluster);
    const plan = rollout({
      route: onIngress,
      steps: [
        { weight: 20, replicas: 1, pause: {} },
        { weight: 60, pause: { duration: 0 } },
      ],
    });
    const started = await sluice.start({
      ...target(),
      rollout: plan,
      images: { echoserver: 'cilium/echoserver:1.10.3' },
      by,
      reason: 'fixes the leak',
    });
    expect(started.workflowId).toBe(`rollout/test/${cluster.namespace}/rollouts-demo`);
    expect(started.message).toContain('cilium/echoserver:1.10.2 → cilium/echoserver:1.10.3');
    const view = await viewAt(1);
    expect(view.traffic).toBe(20);
    expect(view.decisions[0]).toMatchObject({ what: 'started', by, via: 'api', reason: 'fixes the leak' });
    expect((await cluster.get('deployments', 'echoserver'))?.spec.paused).toBe(true);
    expect(await cluster.get('rollouts', 'rollouts-demo')).toBeUndefined();

    const answer = await sluice.approve(target(), { by, reason: 'no errors' });
    expect(answer.message).toContain('approved');
    const [release] = await eventually('the release to end', async () => {
      const runs = await sluice.history(target());
      return runs[0]?.result !== undefined && runs;
    });
    expect(release?.result?.outcome).toBe('Completed');
    expect(await usersObjects(cluster)).toEqual(
      JSON.parse(
        JSON.stringify(before).replaceAll('"image":"cilium/echoserver:1.10.2"', '"image":"cilium/echoserver:1.10.3"'),
      ),
    );
  });

  it('is refused, with a code and the way out, what cannot be had', async () => {
    const start = (images: Record<string, string>) => sluice.start({ ...target(), rollout: rollout(), images, by });
    await expect(start({ nginx: 'nginx:1' })).rejects.toMatchObject({
      message: expect.stringContaining('has no container "nginx": it has echoserver'),
    });
    await expect(start({ echoserver: 'cilium/echoserver:1.10.3' })).rejects.toMatchObject({
      message: expect.stringContaining('there is nothing to release'),
    });
    await expect(sluice.approve({ ...target(), name: 'nobody' }, { by })).rejects.toMatchObject({
      code: 'NoSuchRelease',
    });
  });

  it('steers a release of a Rollout object: bound approvals, pause, abort, retry, undo', async () => {
    const before = await usersObjects(cluster);
    await cluster.apply(rollout({ route: onIngress }));
    await reaches(cluster, { phase: 'Healthy' });
    await setImage(cluster, 'cilium/echoserver:1.10.4');
    const first = await viewAt(1);

    await expect(sluice.approve(target(), { by, step: 2 })).rejects.toMatchObject({ code: 'OtherStep' });
    await expect(sluice.approve(target(), { by, revision: 'another' })).rejects.toMatchObject({
      code: 'OtherRevision',
    });
    const once = { by, step: 1, revision: first.canaryRevision, requestId: 'click-1' };
    await sluice.approve(target(), once);
    await viewAt(2);
    await expect(sluice.approve(target(), { by, step: 1 })).rejects.toMatchObject({ code: 'OtherStep' });
    expect((await viewAt(2)).step).toBe(2);

    await sluice.pause(target(), { by, reason: 'lunch' });
    await reaches(cluster, { message: 'Rollout has been paused, you can resume it by kube-cli' });
    const shown = (await cluster.get('rollouts', 'rollouts-demo'))?.spec as
      | { strategy?: { paused?: boolean } }
      | undefined;
    expect(shown?.strategy?.paused).toBe(true);
    await expect(sluice.pause(target(), { by })).rejects.toMatchObject({ code: 'AlreadyPaused' });
    await sluice.resume(target(), { by });
    await viewAt(2);

    await sluice.abort(target(), { by, reason: 'errors' });
    await eventually('the release to be aborted', async () => (await sluice.get(target())).aborted);
    expect(Object.keys(await usersObjects(cluster)).sort()).toEqual(Object.keys(before).sort());
    expect((await cluster.get('deployments', 'echoserver'))?.spec.paused).toBe(true);
    await expect(sluice.approve(target(), { by })).rejects.toMatchObject({ code: 'Aborted' });
    await sluice.retry(target(), { by });
    await viewAt(1);

    await sluice.undo(target(), { by, reason: 'not today' });
    await reaches(cluster, { phase: 'Healthy', message: 'Rollout progressing has been canceled' });
    const after = await usersObjects(cluster);
    expect(after).toEqual(before);
    const [last] = await sluice.history(target());
    expect(last?.result?.outcome).toBe('RolledBack');
  });

  it('jumps to a step, by command and by the status field, and takes up an edited plan', async () => {
    await setImage(cluster, 'cilium/echoserver:1.10.5');
    await viewAt(1);
    await sluice.jump(target(), 2, { by });
    expect((await viewAt(2)).traffic).toBe(40);
    const patch = { status: { canaryStatus: { nextStepIndex: 1 } } };
    await cluster.kubectl(
      'patch',
      'rollout',
      'rollouts-demo',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify(patch),
    );
    const back = await viewAt(1);
    expect(back.traffic).toBe(5);
    expect(back.canary.desired).toBe(2);
    await cluster.apply(
      rollout({
        route: onIngress,
        steps: [
          { weight: 10, replicas: 2, pause: {} },
          { weight: 50, pause: {} },
        ],
      }),
    );
    await eventually('the edited plan to be in force', async () => {
      const view = await sluice.get(target());
      return view.steps === 2 && view.traffic === 10 && view.awaited.kind === 'approval';
    });
    await sluice.undo(target(), { by });
    await reaches(cluster, { phase: 'Healthy' });
  });
});
