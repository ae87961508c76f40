import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { Loose } from '../spec/objects.ts';
import { Cluster } from './cluster.ts';
import { Held } from './held.ts';

const cluster = new Cluster('hold');
const deployments = new Held(cluster);

beforeAll(async () => void (await cluster.open()));
afterAll(() => cluster.close());

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
    const name = await deployments.named();
    await write(name);
    await deployments.expectHeld(name, 'owl:2');
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
    const name = deployments.next;
    await deployments.named({}, spec({ apiVersion: 'apps/v1', kind: 'Deployment', name }), version);
    await deployments.setImage(name, 'owl:2');
    await deployments.expectHeld(name, 'owl:2');
  });

  it('by kubectl rollout restart', async () => {
    const name = await deployments.named();
    await cluster.kubectl(['rollout', 'restart', `deploy/${name}`]);
    await deployments.expectHeld(name, 'owl:1');
  });

  it('also when a label of the template goes away', async () => {
    const name = await deployments.named({
      template: {
        metadata: { labels: { app: deployments.next, extra: 'yes' } },
        spec: { containers: [{ name: 'main', image: 'owl:1' }] },
      },
      selector: { matchLabels: { app: deployments.next } },
    });
    await cluster.patch(cluster.deployments(name), { spec: { template: { metadata: { labels: { extra: null } } } } });
    await deployments.expectHeld(name, 'owl:1');
  });

  it('after its Rollout was enabled again, whatever the status still says', async () => {
    const name = await deployments.named({}, { disabled: true });
    await cluster.patch(`${cluster.rollouts(name)}/status`, { status: { phase: 'Disabled' } });
    await cluster.patch(cluster.rollouts(name), { spec: { disabled: false } });
    await cluster.seen();
    await deployments.setImage(name, 'owl:2');
    await deployments.expectHeld(name, 'owl:2');
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
    const name = await deployments.named();
    await cluster.patch(cluster.deployments(name), change);
    await deployments.expectFree(name);
  });

  it('when no Rollout names it', async () => {
    const name = await deployments.named();
    await cluster.createDeployment(`${name}-other`);
    await cluster.kubectl(['set', 'image', `deploy/${name}-other`, 'main=owl:2']);
    await deployments.expectFree(`${name}-other`);
  });

  it.each<[string, Loose]>([
    ['a StatefulSet of the same name', { workloadRef: { apiVersion: 'apps/v1', kind: 'StatefulSet' } }],
    ['nothing, for it is disabled', { disabled: true }],
  ])('when the Rollout names %s', async (_, spec) => {
    const name = deployments.next;
    const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name, ...(spec.workloadRef as Loose) };
    await deployments.named({}, { ...spec, workloadRef: ref });
    await deployments.setImage(name, 'owl:2');
    await deployments.expectFree(name);
  });

  it('while it has no pods', async () => {
    const name = await deployments.named({ replicas: 0 });
    await deployments.setImage(name, 'owl:2');
    await deployments.expectFree(name);
    const template = { spec: { containers: [{ name: 'main', image: 'owl:3' }] } };
    await cluster.patch(cluster.deployments(name), { spec: { replicas: 2, template } });
    await deployments.expectFree(name);
  });

  it('when the Rollout is gone, or going', async () => {
    const name = await deployments.named();
    await cluster.patch(cluster.rollouts(name), { metadata: { finalizers: ['rollouts.kruise.io/rollout'] } });
    await cluster.admin.call('DELETE', cluster.rollouts(name));
    await cluster.seen();
    await deployments.setImage(name, 'owl:2');
    await deployments.expectFree(name);
    await cluster.patch(cluster.rollouts(name), { metadata: { finalizers: null } });
    await cluster.seen();
    await deployments.setImage(name, 'owl:3');
    await deployments.expectFree(name);
  });
});
