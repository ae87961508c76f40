import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, type Deployment, mark, memo } from './cluster.ts';
import { Held } from './held.ts';

const cluster = new Cluster('keep');
const deployments = new Held(cluster);

beforeAll(async () => void (await cluster.open()));
afterAll(() => cluster.close());

describe('a held Deployment stays held', () => {
  it.each<[string, string, (name: string) => Promise<unknown>]>([
    ['kubectl rollout resume', 'owl:2', (name) => cluster.kubectl(['rollout', 'resume', `deploy/${name}`])],
    [
      'a tool that applies paused: false',
      'owl:2',
      (name) =>
        cluster.kubectl(
          ['apply', '--server-side', '--force-conflicts', '-f', '-'],
          cluster.manifest(name, 'owl:2', { paused: false }),
        ),
    ],
    [
      'a replacement without the annotation',
      'owl:2',
      (name) => cluster.kubectl(['replace', '-f', '-'], cluster.manifest(name, 'owl:2')),
    ],
    [
      'a person who removes the annotation',
      'owl:2',
      (name) => cluster.kubectl(['annotate', 'deploy', name, `${mark}-`]),
    ],
    [
      'a person who changes the annotation',
      'owl:2',
      (name) => cluster.kubectl(['annotate', 'deploy', name, '--overwrite', `${mark}=none`]),
    ],
    ['kubectl scale', 'owl:2', (name) => cluster.kubectl(['scale', 'deploy', name, '--replicas=4'])],
    ['a third version', 'owl:3', (name) => cluster.kubectl(['set', 'image', `deploy/${name}`, 'main=owl:3'])],
    [
      'the old version put back',
      'owl:1',
      (name) => cluster.kubectl(['replace', '-f', '-'], cluster.manifest(name, 'owl:1')),
    ],
    ['its Rollout being disabled', 'owl:2', (name) => disabledThenResumed(name)],
  ])('against %s', async (_, withImage, write) => {
    const name = await deployments.held();
    await write(name);
    await deployments.expectHeld(name, withImage);
  });

  it('with the strategy it had, when an update says Recreate', async () => {
    const name = await deployments.held();
    const answer = await cluster.patch(cluster.deployments(name), {
      spec: { strategy: { type: 'Recreate', rollingUpdate: null } },
    });
    expect((answer as unknown as Deployment).spec.strategy).toMatchObject({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: '25%' },
    });
  });

  it('until its Rollout is gone altogether', async () => {
    const name = await deployments.held();
    await cluster.admin.call('DELETE', cluster.rollouts(name));
    await cluster.seen();
    await cluster.kubectl(['rollout', 'resume', `deploy/${name}`]);
    expect((await cluster.get(name)).spec.paused === true).toBe(false);
  });
});

describe('what its owner had is remembered', () => {
  it('when it was paused before the release', async () => {
    const name = await deployments.held({ paused: true });
    expect((await cluster.get(name)).metadata.annotations?.[memo]).toBe('true');
    await deployments.setImage(name, 'owl:3');
    expect((await cluster.get(name)).metadata.annotations?.[memo]).toBe('true');
  });

  it('until an update un-pauses it', async () => {
    const name = await deployments.held({ paused: true });
    await cluster.kubectl(['rollout', 'resume', `deploy/${name}`]);
    const object = await cluster.get(name);
    expect([object.metadata.annotations?.[memo], object.spec.paused]).toEqual(['false', true]);
  });

  it('and is nothing when it was not paused', async () => {
    const name = await deployments.held();
    expect((await cluster.get(name)).metadata.annotations).not.toHaveProperty([memo]);
  });
});

describe('the write that ends a release', () => {
  const finish = { metadata: { annotations: { [mark]: null, [memo]: null } }, spec: { paused: null } };

  it('is the one of the worker, and leaves nothing behind', async () => {
    const name = await deployments.held();
    await cluster.patch(cluster.deployments(name), finish, { fieldManager: 'sluice' }, cluster.worker);
    await deployments.expectFree(name);
    expect(Object.keys((await cluster.get(name)).metadata.annotations ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/sluice|kruise/)]),
    );
  });

  it('is no other, by whoever', async () => {
    const name = await deployments.held();
    await cluster.patch(cluster.deployments(name), finish, { fieldManager: 'kubectl' });
    await deployments.expectHeld(name, 'owl:2');
  });

  it('does not let a version loose that it brings along', async () => {
    const name = await deployments.held();
    const template = { spec: { containers: [{ name: 'main', image: 'owl:3' }] } };
    await cluster.patch(
      cluster.deployments(name),
      { ...finish, spec: { paused: null, template } },
      { fieldManager: 'sluice' },
      cluster.worker,
    );
    await deployments.expectHeld(name, 'owl:3');
  });

  it('is refused when another version came meanwhile', async () => {
    const name = await deployments.held();
    const { resourceVersion } = (await cluster.get(name)).metadata;
    await deployments.setImage(name, 'owl:3');
    const late = { ...finish, metadata: { ...finish.metadata, resourceVersion } };
    await expect(
      cluster.patch(cluster.deployments(name), late, { fieldManager: 'sluice' }, cluster.worker),
    ).rejects.toThrow('409');
    await deployments.expectHeld(name, 'owl:3');
  });

  it('opens the next release', async () => {
    const name = await deployments.held();
    await cluster.patch(cluster.deployments(name), finish, { fieldManager: 'sluice' }, cluster.worker);
    await deployments.setImage(name, 'owl:3');
    await deployments.expectHeld(name, 'owl:3');
  });
});

async function disabledThenResumed(name: string): Promise<void> {
  await cluster.patch(cluster.rollouts(name), { spec: { disabled: true } });
  await cluster.seen();
  await cluster.kubectl(['rollout', 'resume', `deploy/${name}`]);
}
