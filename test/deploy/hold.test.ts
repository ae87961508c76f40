import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Loose } from '../spec/objects.ts';
import { Cluster, type Deployment, mark, memo } from './cluster.ts';

const cluster = new Cluster('hold');
let made = 0;

beforeAll(async () => void (await cluster.open()));
afterAll(() => cluster.close());

/** A Deployment that a Rollout names. */
async function named(spec: Loose = {}, rollout: Loose = {}, version?: string): Promise<string> {
  const name = `owl-${made++}`;
  await cluster.createDeployment(name, spec);
  await cluster.createRollout(name, rollout, version);
  await cluster.seen();
  return name;
}

/** One whose release is under way. */
async function held(spec: Loose = {}): Promise<string> {
  const name = await named(spec);
  expect((await cluster.kubectl(['set', 'image', `deploy/${name}`, 'main=owl:2'])).output).toContain('image updated');
  return name;
}

const image = (object: Deployment): string | undefined => object.spec.template.spec.containers[0]?.image;
const paused = (object: Deployment): boolean => object.spec.paused === true;

async function expectHeld(name: string, withImage: string): Promise<void> {
  const object = await cluster.get(name);
  expect({ image: image(object), paused: paused(object), mark: object.metadata.annotations?.[mark] }).toEqual({
    image: withImage,
    paused: true,
    mark: JSON.stringify({ rolloutName: name }),
  });
}

async function expectFree(name: string): Promise<void> {
  const object = await cluster.get(name);
  expect({ paused: paused(object), mark: object.metadata.annotations?.[mark] }).toEqual({
    paused: false,
    mark: undefined,
  });
}

describe('a Deployment that a Rollout names is held by the write that changes its template', () => {
  it.each<[string, (name: string) => Promise<unknown>]>([
    ['kubectl set image', (name) => cluster.kubectl(['set', 'image', `deploy/${name}`, 'main=owl:2'])],
    ['kubectl apply', (name) => cluster.kubectl(['apply', '-f', '-'], cluster.manifest(name, 'owl:2'))],
    [
      'kubectl apply --server-side',
      (name) =>
        cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], cluster.manifest(name, 'owl:2')),
    ],
    ['kubectl replace', (name) => cluster.kubectl(['replace', '-f', '-'], cluster.manifest(name, 'owl:2'))],
    [
      'kubectl patch',
      (name) =>
        cluster.kubectl([
          'patch',
          'deploy',
          name,
          '-p',
          '{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"owl:2"}]}}}}',
        ]),
    ],
    [
      'a write that un-pauses as well',
      (name) => cluster.kubectl(['apply', '-f', '-'], cluster.manifest(name, 'owl:2', { paused: false })),
    ],
    [
      'a write that scales as well',
      (name) => cluster.kubectl(['apply', '-f', '-'], cluster.manifest(name, 'owl:2', { replicas: 7 })),
    ],
  ])('by %s', async (_, write) => {
    const name = await named();
    await write(name);
    await expectHeld(name, 'owl:2');
  });

  it.each<[string, string, (ref: Loose) => Loose]>([
    ['v1beta1', 'spec.workloadRef', (ref) => ({ workloadRef: ref })],
    ['v1alpha1', 'spec.workloadRef', (ref) => ({ workloadRef: ref })],
    ['v1beta1', 'spec.objectRef.workloadRef', (ref) => ({ workloadRef: undefined, objectRef: { workloadRef: ref } })],
    ['v1alpha1', 'spec.objectRef.workloadRef', (ref) => ({ workloadRef: undefined, objectRef: { workloadRef: ref } })],
    [
      'v1alpha1',
      'spec.strategy.objectRef.workloadRef',
      (ref) => ({
        workloadRef: undefined,
        strategy: { objectRef: { workloadRef: ref }, canary: { trafficRoutingRef: 'none', steps: [{ weight: 5 }] } },
      }),
    ],
    [
      'v1alpha1',
      'spec.strategy.objectRef',
      (ref) => ({
        workloadRef: undefined,
        strategy: { objectRef: ref, canary: { trafficRoutingRef: 'none', steps: [{ weight: 5 }] } },
      }),
    ],
    [
      'v1beta1',
      'a style that is not released yet',
      (ref) => ({ workloadRef: ref, strategy: { blueGreen: { steps: [{ replicas: '100%' }] } } }),
    ],
  ])('when a Rollout of %s names it by %s', async (version, _, spec) => {
    const name = `owl-${made}`;
    await named({}, spec({ apiVersion: 'apps/v1', kind: 'Deployment', name }), version);
    await cluster.kubectl(['set', 'image', `deploy/${name}`, 'main=owl:2']);
    await expectHeld(name, 'owl:2');
  });

  it('by kubectl rollout restart', async () => {
    const name = await named();
    await cluster.kubectl(['rollout', 'restart', `deploy/${name}`]);
    await expectHeld(name, 'owl:1');
  });

  it('also when a label of the template goes away', async () => {
    const name = await named({
      template: {
        metadata: { labels: { app: `owl-${made}`, extra: 'yes' } },
        spec: { containers: [{ name: 'main', image: 'owl:1' }] },
      },
      selector: { matchLabels: { app: `owl-${made}` } },
    });
    await cluster.patch(cluster.deployments(name), { spec: { template: { metadata: { labels: { extra: null } } } } });
    await expectHeld(name, 'owl:1');
  });

  it('after its Rollout was enabled again, whatever the status still says', async () => {
    const name = await named({}, { disabled: true });
    await cluster.patch(`${cluster.rollouts(name)}/status`, { status: { phase: 'Disabled' } });
    await cluster.patch(cluster.rollouts(name), { spec: { disabled: false } });
    await cluster.seen();
    await cluster.kubectl(['set', 'image', `deploy/${name}`, 'main=owl:2']);
    await expectHeld(name, 'owl:2');
  });
});

describe('a Deployment is left alone', () => {
  it.each<[string, Loose]>([
    ['a label', { metadata: { labels: { team: 'birds' } } }],
    ['an annotation', { metadata: { annotations: { team: 'birds' } } }],
    ['the number of pods', { spec: { replicas: 5 } }],
    ['the strategy', { spec: { strategy: { rollingUpdate: { maxSurge: 1 } } } }],
    [
      'a label pod-template-hash of the template',
      { spec: { template: { metadata: { labels: { 'pod-template-hash': 'abc' } } } } },
    ],
  ])('by a change of %s', async (_, change) => {
    const name = await named();
    await cluster.patch(cluster.deployments(name), change);
    await expectFree(name);
  });

  it('when no Rollout names it', async () => {
    const name = await named();
    await cluster.createDeployment(`${name}-other`);
    await cluster.kubectl(['set', 'image', `deploy/${name}-other`, 'main=owl:2']);
    await expectFree(`${name}-other`);
  });

  it.each<[string, Loose]>([
    ['a StatefulSet of the same name', { workloadRef: { apiVersion: 'apps/v1', kind: 'StatefulSet' } }],
    ['nothing, for it is disabled', { disabled: true }],
  ])('when the Rollout names %s', async (_, spec) => {
    const name = `owl-${made}`;
    const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name, ...(spec.workloadRef as Loose) };
    await named({}, { ...spec, workloadRef: ref });
    await cluster.kubectl(['set', 'image', `deploy/${name}`, 'main=owl:2']);
    await expectFree(name);
  });

  it('while it has no pods', async () => {
    const name = await named({ replicas: 0 });
    await cluster.kubectl(['set', 'image', `deploy/${name}`, 'main=owl:2']);
    await expectFree(name);
    await cluster.patch(cluster.deployments(name), { spec: { replicas: 2 } });
    await expectFree(name);
  });

  it('when the Rollout is gone, or going', async () => {
    const name = await named();
    await cluster.patch(cluster.rollouts(name), { metadata: { finalizers: ['rollouts.kruise.io/rollout'] } });
    await cluster.admin.call('DELETE', cluster.rollouts(name));
    await cluster.seen();
    await cluster.kubectl(['set', 'image', `deploy/${name}`, 'main=owl:2']);
    await expectFree(name);
    await cluster.patch(cluster.rollouts(name), { metadata: { finalizers: null } });
    await cluster.seen();
    await cluster.kubectl(['set', 'image', `deploy/${name}`, 'main=owl:3']);
    await expectFree(name);
  });
});

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
    const name = await held();
    await write(name);
    await expectHeld(name, withImage);
  });

  it('with the strategy it had, when an update says Recreate', async () => {
    const name = await held();
    const answer = await cluster.patch(cluster.deployments(name), {
      spec: { strategy: { type: 'Recreate', rollingUpdate: null } },
    });
    expect((answer as unknown as Deployment).spec.strategy).toMatchObject({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: '25%' },
    });
  });

  it('until its Rollout is gone altogether', async () => {
    const name = await held();
    await cluster.admin.call('DELETE', cluster.rollouts(name));
    await cluster.seen();
    await cluster.kubectl(['rollout', 'resume', `deploy/${name}`]);
    expect(paused(await cluster.get(name))).toBe(false);
  });
});

describe('what its owner had is remembered', () => {
  it('when it was paused before the release', async () => {
    const name = await held({ paused: true });
    expect((await cluster.get(name)).metadata.annotations?.[memo]).toBe('true');
    await cluster.kubectl(['set', 'image', `deploy/${name}`, 'main=owl:3']);
    expect((await cluster.get(name)).metadata.annotations?.[memo]).toBe('true');
  });

  it('until an update un-pauses it', async () => {
    const name = await held({ paused: true });
    await cluster.kubectl(['rollout', 'resume', `deploy/${name}`]);
    const object = await cluster.get(name);
    expect([object.metadata.annotations?.[memo], paused(object)]).toEqual(['false', true]);
  });

  it('and is nothing when it was not paused', async () => {
    const name = await held();
    expect((await cluster.get(name)).metadata.annotations).not.toHaveProperty([memo]);
  });
});

describe('the write that ends a release', () => {
  const finish = { metadata: { annotations: { [mark]: null, [memo]: null } }, spec: { paused: null } };

  it('is the one of the worker, and leaves nothing behind', async () => {
    const name = await held();
    await cluster.patch(cluster.deployments(name), finish, { fieldManager: 'sluice' }, cluster.worker);
    await expectFree(name);
    expect(Object.keys((await cluster.get(name)).metadata.annotations ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/sluice|kruise/)]),
    );
  });

  it('is no other, by whoever', async () => {
    const name = await held();
    await cluster.patch(cluster.deployments(name), finish, { fieldManager: 'kubectl' });
    await expectHeld(name, 'owl:2');
  });

  it('does not let a version loose that it brings along', async () => {
    const name = await held();
    const template = { spec: { containers: [{ name: 'main', image: 'owl:3' }] } };
    await cluster.patch(
      cluster.deployments(name),
      { ...finish, spec: { paused: null, template } },
      { fieldManager: 'sluice' },
      cluster.worker,
    );
    await expectHeld(name, 'owl:3');
  });

  it('is refused when another version came meanwhile', async () => {
    const name = await held();
    const { resourceVersion } = (await cluster.get(name)).metadata;
    await cluster.kubectl(['set', 'image', `deploy/${name}`, 'main=owl:3']);
    const late = { ...finish, metadata: { ...finish.metadata, resourceVersion } };
    await expect(
      cluster.patch(cluster.deployments(name), late, { fieldManager: 'sluice' }, cluster.worker),
    ).rejects.toThrow('409');
    await expectHeld(name, 'owl:3');
  });

  it('opens the next release', async () => {
    const name = await held();
    await cluster.patch(cluster.deployments(name), finish, { fieldManager: 'sluice' }, cluster.worker);
    await cluster.kubectl(['set', 'image', `deploy/${name}`, 'main=owl:3']);
    await expectHeld(name, 'owl:3');
  });
});

async function disabledThenResumed(name: string): Promise<void> {
  await cluster.patch(cluster.rollouts(name), { spec: { disabled: true } });
  await cluster.seen();
  await cluster.kubectl(['rollout', 'resume', `deploy/${name}`]);
}
