/**
 * Somebody edits or deletes what a release works with, in the middle of it: it is put right, or it is said, and then the
 * release completes or goes back and leaves everything as it was. The worker never dies of it.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Connected, connect } from '../../client/connect.ts';
import { ingress, service } from '../support/app.ts';
import { usersObjects } from '../support/story.ts';
import { Lane } from './lane.ts';

jest.setTimeout(150_000);

let temporal: Connected;
let lane: Lane;
/** False while a story is told: one that did not come to its end leaves a lane nobody should trust. */
let trusted = false;
let before: string;

beforeAll(async () => {
  temporal = await connect();
});

beforeEach(async () => {
  if (!trusted) {
    await lane?.close();
    lane = await Lane.open('meddling', temporal.client);
  }
  trusted = false;
  before = await objects();
  lane.ledger.clear();
}, 120_000);

afterAll(async () => {
  expect(await lane.close()).toBe(0);
  await temporal.close();
});

const kubectl = (...args: string[]) => lane.cluster.kubectl(...args);
const canaryName = () =>
  lane.canaries.find(({ metadata }) => metadata.deletionTimestamp === undefined)?.metadata.name ?? '';
const weight = () =>
  lane.ledger.latest('ingresses', 'echoserver-canary')?.metadata.annotations?.[
    'nginx.ingress.kubernetes.io/canary-weight'
  ];
const selector = (name: string) => lane.ledger.latest('services', name)?.spec.selector?.['pod-template-hash'];

async function patch(kind: string, name: string, change: unknown): Promise<void> {
  await kubectl('patch', kind, name, '--type=merge', '-p', JSON.stringify(change));
}

/** One canary Deployment of the released image with `pods` pods, its Service, and requests as the step asks. */
function standsAsAsked(pods: number, percent: string): boolean {
  const canaries = lane.canaries;
  const [canary] = canaries;
  if (canary === undefined || canaries.length !== 1 || canary.metadata.deletionTimestamp !== undefined) return false;
  const { podTemplateHash, stableRevision } = lane.status.canaryStatus ?? {};
  return (
    canary.spec.replicas === pods &&
    canary.spec.paused !== true &&
    canary.spec.template.spec.containers[0]?.image === lane.image &&
    canary.status?.availableReplicas === pods &&
    canary.status.updatedReplicas === pods &&
    selector('echoserver') === stableRevision &&
    selector('echoserver-canary') === podTemplateHash &&
    weight() === percent &&
    lane.deployment.spec.paused === true &&
    lane.deployment.metadata.annotations?.['rollouts.kruise.io/in-progressing'] !== undefined
  );
}

async function standsAt(step: number, pods: number, percent: string): Promise<void> {
  await lane.until(
    `step ${step} to stand with ${pods} pods and ${percent} %`,
    () =>
      lane.status.currentStepIndex === step &&
      lane.status.currentStepState === 'StepPaused' &&
      standsAsAsked(pods, percent),
    20_000,
  );
}

/** The users' objects as text, without kubectl's own record of what was applied last. */
async function objects(): Promise<string> {
  return JSON.stringify(await usersObjects(lane.cluster), (key, value) =>
    /last-applied-configuration$|^clusterIPs?$/.test(key) ? undefined : value,
  );
}

/** Every user's object as before, the released image aside; what the user edited meanwhile is in `edited`. */
async function isWhole(image: string, edited: (objects: string) => string = (text) => text): Promise<void> {
  const old = /"image":"([^"]+)"/.exec(before)?.[1] ?? '';
  expect(JSON.parse(await objects())).toEqual(JSON.parse(edited(before.replaceAll(old, image))));
  expect(lane.worker.deaths).toBe(0);
  trusted = true;
}

async function begins(extra: Record<string, string> = {}): Promise<{ image: string; old: string }> {
  const old = lane.image;
  const image = lane.nextImage();
  const containers = lane.deployment.spec.template.spec.containers.map((container) => ({ ...container, image }));
  const annotations = Object.keys(extra).length === 0 ? {} : { metadata: { annotations: extra } };
  await lane.patch('deployments', 'echoserver', { spec: { template: { ...annotations, spec: { containers } } } });
  return { image, old };
}

async function completes(): Promise<void> {
  await lane.approve();
  await lane.ended('Rollout progressing has been completed');
}

async function goesBack(old: string): Promise<void> {
  await lane.setImage(old);
  await lane.ended('Rollout progressing has been canceled');
}

type Meddling = readonly [what: string, how: () => Promise<unknown>];

const ours: readonly Meddling[] = [
  ['the canary Deployment is deleted', () => kubectl('delete', 'deployment', canaryName(), '--wait=false')],
  ['the canary Deployment is scaled to 0', () => kubectl('scale', 'deployment', canaryName(), '--replicas=0')],
  ['the canary Deployment is scaled up', () => kubectl('scale', 'deployment', canaryName(), '--replicas=3')],
  [
    'the image of the canary Deployment is changed',
    () => kubectl('set', 'image', `deployment/${canaryName()}`, 'echoserver=cilium/other:1'),
  ],
  ['the canary Deployment is paused', () => kubectl('rollout', 'pause', `deployment/${canaryName()}`)],
];

const routes: readonly Meddling[] = [
  ['the canary Service is deleted', () => kubectl('delete', 'service', 'echoserver-canary')],
  [
    'the selector of the canary Service is changed',
    () => patch('service', 'echoserver-canary', { spec: { selector: { 'pod-template-hash': 'wrong' } } }),
  ],
  ['the canary Ingress is deleted', () => kubectl('delete', 'ingress', 'echoserver-canary')],
  [
    'the weight of the canary Ingress is changed',
    () =>
      kubectl(
        'annotate',
        '--overwrite',
        'ingress',
        'echoserver-canary',
        'nginx.ingress.kubernetes.io/canary-weight=99',
      ),
  ],
  ['the stable Service is replaced by what its owner has in a file', () => replace(service)],
  ['paused: false is written', () => patch('deployment', 'echoserver', { spec: { paused: false } })],
  [
    'the hold is taken off by hand',
    () => kubectl('annotate', 'deployment', 'echoserver', 'rollouts.kruise.io/in-progressing-'),
  ],
];

async function replace(yaml: string): Promise<void> {
  const { run } = await import('../support/cluster.ts');
  const args = [
    '--kubeconfig',
    process.env.SLUICE_TEST_KUBECONFIG ?? '',
    '-n',
    lane.cluster.namespace,
    'replace',
    '-f',
    '-',
  ];
  await run('kubectl', args, yaml);
}

describe('while a step waits', () => {
  it.each([...ours, ...routes])('%s: put right, and the release completes', async (_, meddle) => {
    const { image } = await begins();
    await standsAt(1, 1, '20');
    await meddle();
    await standsAt(1, 1, '20');
    await completes();
    await isWhole(image);
  });

  it('the canary Deployment is deleted, and the old version put back at the same time', async () => {
    const { old } = await begins();
    await standsAt(1, 1, '20');
    await ours[0]?.[1]();
    await goesBack(old);
    await isWhole(old);
  });

  it('the Deployment is replaced by what its owner has in a file, without hold: it stays held', async () => {
    const { image } = await begins();
    await standsAt(1, 1, '20');
    const { spec } = lane.deployment;
    const { paused: _, ...rest } = spec;
    const object = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'echoserver', labels: { app: 'echoserver' } },
      spec: rest,
    };
    await replace(JSON.stringify(object));
    await standsAt(1, 1, '20');
    await completes();
    await isWhole(image);
  });

  it('the pin of the stable Service is written over: that is said, and goes on when it is taken back', async () => {
    const { image } = await begins();
    await standsAt(1, 1, '20');
    await patch('service', 'echoserver', { spec: { selector: { 'pod-template-hash': 'other' } } });
    await standsAt(1, 1, '20');
    // What its owner wrote is given back to them at the end; with it the Service selects no pod at all.
    await lane.approve();
    await lane.until(
      'the message to say so',
      () => /Service \S+\/echoserver has 0/.test(lane.status.message ?? ''),
      20_000,
    );
    await patch('service', 'echoserver', { spec: { selector: { 'pod-template-hash': null } } });
    await lane.ended('Rollout progressing has been completed');
    await isWhole(image);
  });

  it('the user gives the Ingress a new path: the canary Ingress follows, and the path stays', async () => {
    const { image } = await begins();
    await standsAt(1, 1, '20');
    await lane.cluster.apply(ingress.replace('/apis/echo', '/apis/other'));
    await lane.until('the canary Ingress to have the new path', () => {
      const rules = lane.ledger.latest('ingresses', 'echoserver-canary')?.spec.rules;
      return rules?.[0]?.http?.paths[0]?.path === '/apis/other';
    });
    await standsAt(1, 1, '20');
    await completes();
    await isWhole(image, (text) => text.replaceAll('/apis/echo', '/apis/other'));
    await lane.cluster.apply(ingress);
  });

  it.each([
    ['up', 5, 1],
    ['down', 2, 1],
  ])('the Deployment is scaled %s to %d', async (_, replicas, pods) => {
    const { image } = await begins();
    await standsAt(1, 1, '20');
    await kubectl('scale', 'deployment', 'echoserver', `--replicas=${replicas}`);
    await lane.until('the stable pods to follow', () => lane.deployment.status?.replicas === replicas);
    await standsAt(1, pods, '20');
    await completes();
    await kubectl('scale', 'deployment', 'echoserver', '--replicas=3');
    await lane.settled();
    await isWhole(image);
  });

  it('the Deployment is scaled to 0 and back', async () => {
    const { image } = await begins();
    await standsAt(1, 1, '20');
    await kubectl('scale', 'deployment', 'echoserver', '--replicas=0');
    await lane.until('requests to leave the new version', () => weight() === undefined || weight() === '0');
    await kubectl('scale', 'deployment', 'echoserver', '--replicas=3');
    await standsAt(1, 1, '20');
    await completes();
    await isWhole(image);
  });

  it('the Service is deleted: it is said, and goes on when it is there again', async () => {
    const { image } = await begins();
    await standsAt(1, 1, '20');
    await kubectl('delete', 'service', 'echoserver');
    await lane.until(
      'the message to name the Service',
      () => /Service \S+\/echoserver is not there/.test(lane.status.message ?? ''),
      10_000,
    );
    await lane.cluster.apply(service);
    await standsAt(1, 1, '20');
    await completes();
    await isWhole(image);
  });

  it('the Service is deleted, and the old version put back: nothing is left', async () => {
    const { old } = await begins();
    await standsAt(1, 1, '20');
    await kubectl('delete', 'service', 'echoserver');
    await lane.setImage(old);
    await lane.until('the end, and the next release to be told what is missing', () =>
      /Service \S+\/echoserver is not there: create it/.test(lane.status.message ?? ''),
    );
    expect(lane.status).toMatchObject({ phase: 'Initial', currentStepState: 'Completed' });
    await lane.until('the canary to be gone', () => lane.canaries.length === 0);
    expect(lane.ledger.all('services')).toEqual([]);
    expect(lane.ledger.all('ingresses').map(({ metadata }) => metadata.name)).toEqual(['echoserver']);
    await lane.cluster.apply(service);
    await lane.settled();
    await isWhole(old);
  });

  it('the Ingress is deleted: it is said, and goes on when it is there again', async () => {
    const { image } = await begins();
    await standsAt(1, 1, '20');
    await kubectl('delete', 'ingress', 'echoserver');
    await lane.until(
      'the message to name the Ingress',
      () => /Ingress \S+\/echoserver is not there/.test(lane.status.message ?? ''),
      10_000,
    );
    await lane.cluster.apply(ingress);
    await standsAt(1, 1, '20');
    await completes();
    await isWhole(image);
  });

  it('the Deployment is deleted: what was made for the release goes, and one of that name can be released again', async () => {
    await begins();
    await standsAt(1, 1, '20');
    const { deployment } = await import('../support/app.ts');
    await kubectl('delete', 'deployment', 'echoserver');
    await lane.until('all that was made to be gone', () => {
      const services = lane.ledger
        .all('services')
        .map(({ metadata, spec }) => `${metadata.name} ${JSON.stringify(spec.selector)}`);
      return (
        lane.ledger.all('deployments').length === 0 &&
        lane.ledger.all('ingresses').length === 1 &&
        services.join() === 'echoserver {"app":"echoserver"}'
      );
    });
    await lane.until('the message to say so', () => lane.status.message?.startsWith('Workload Not Found') === true);
    await lane.cluster.apply(deployment({ replicas: 3 }));
    await lane.settled();
    before = await objects();
    const { image } = await begins();
    await standsAt(1, 1, '20');
    await completes();
    await isWhole(image);
  });
});

describe('while pods are coming up', () => {
  it.each(ours)('%s: put right, and the release completes', async (_, meddle) => {
    const { image } = await begins({ 'sluice.dev/ready-after': '1' });
    await lane.until('the canary pods to be awaited', () => (lane.canaries[0]?.status?.updatedReplicas ?? 0) === 1);
    await meddle();
    await standsAt(1, 1, '20');
    await completes();
    const annotated = (text: string) =>
      text.includes('ready-after')
        ? text
        : text.replace(
            '"template":{"metadata":{',
            '"template":{"metadata":{"annotations":{"sluice.dev/ready-after":"1"},',
          );
    await isWhole(image, annotated);
  });

  it('the Service and the Ingress are deleted: said, and it goes on when they are there again', async () => {
    const { image } = await begins();
    await lane.until('the canary to be made', () => lane.canaries.length === 1);
    await kubectl('delete', 'service/echoserver', 'ingress/echoserver');
    await lane.until(
      'the message to name what is missing',
      () => /(Service|Ingress) \S+\/echoserver is not there/.test(lane.status.message ?? ''),
      15_000,
    );
    await lane.cluster.apply(service);
    await lane.cluster.apply(ingress);
    await standsAt(1, 1, '20');
    await completes();
    await isWhole(image);
  });
});
