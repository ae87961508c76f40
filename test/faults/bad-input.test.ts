/**
 * What makes no sense is refused at apply where the API server can know it; else the Rollout's message says within two
 * seconds which object is meant, what is wrong with it and what to do, and applying a corrected object is all it takes.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Connected, connect } from '../../client/connect.ts';
import { deployment, ingress, manifests, onIngress, rollout, service } from '../support/app.ts';
import { Lane, twoSteps } from './lane.ts';

jest.setTimeout(150_000);

let temporal: Connected;
let lane: Lane;
let process0: number | undefined;
/** Seconds from the return of `kubectl apply` to the message that says so. */
const said: [what: string, seconds: number][] = [];

const good = rollout({ steps: twoSteps, route: onIngress });

beforeAll(async () => {
  temporal = await connect();
  lane = await Lane.open('bad-input', temporal.client);
  process0 = (await lane.worker.running()).child.pid;
}, 120_000);

beforeEach(async () => {
  await lane.cluster.apply(manifests(service, ingress, good));
  if (lane.status.phase !== 'Healthy') await lane.reaches({ phase: 'Healthy' });
}, 120_000);

afterEach(async () => {
  expect(lane.worker.deaths).toBe(0);
  expect((await lane.worker.running()).child.pid).toBe(process0);
});

afterAll(async () => {
  const lines = said.map(([what, seconds]) => `${what.padEnd(60)} ${seconds.toFixed(2).padStart(6)} s`);
  process.stderr.write(`From apply to the message:\n${lines.join('\n')}\n`);
  expect(await lane.close()).toBe(0);
  await temporal.close();
});

/** Applies, and waits until the message is as wanted; the aim is 2 s, the deadline generous: machines are shared. */
async function saysAfter(what: string, yaml: string, message: RegExp, deadline = 15_000): Promise<void> {
  await lane.cluster.apply(yaml);
  const applied = performance.now();
  await lane.until(`the message of "${what}"`, () => message.test(lane.status.message ?? ''), deadline);
  said.push([what, (performance.now() - applied) / 1000]);
}

async function healthyAfter(yaml: string): Promise<void> {
  await lane.cluster.apply(yaml);
  await lane.settled();
}

describe('a Rollout that cannot be meant', () => {
  const steps = (...list: unknown[]) =>
    rollout({ name: 'wrong', steps: list, route: onIngress }).replace(
      'name: echoserver }\n  strategy',
      'name: other }\n  strategy',
    );

  it.each([
    ['has no steps', steps(), /number of Canary\.Steps cannot be empty/],
    ['takes pods away', steps({ weight: 20, replicas: 3 }, { weight: 40, replicas: 1 }), /non decreasing/],
    ['asks for more than everything', steps({ weight: 120, replicas: 1 }), /weight|traffic/i],
    [
      'pauses for less than no time',
      steps({ weight: 20, replicas: 1, pause: { duration: -1 } }),
      /pause\.duration must be a whole number/,
    ],
    [
      'names no workload',
      steps({ weight: 20, replicas: 1 })
        .replace('workloadRef: { apiVersion: apps/v1, kind: Deployment, name: other }', '{}')
        .replace('objectRef:\n    {}', 'objectRef: {}'),
      /WorkloadRef is required/,
    ],
    [
      'is the second for its workload',
      rollout({ name: 'wrong', steps: twoSteps, route: onIngress }),
      /conflict with Rollout\(\S+\/rollouts-demo\)/,
    ],
    [
      'misspells a field',
      steps({ weigth: 20, replicas: 1 }),
      /unknown field "spec\.strategy\.canary\.steps\[0\]\.weigth"/,
    ],
  ])('is refused at apply when it %s', async (_, yaml, message) => {
    await expect(lane.cluster.apply(yaml)).rejects.toThrow(message);
    expect(await lane.cluster.get('rollouts', 'wrong')).toBeUndefined();
  });
});

describe('a Rollout that names what is not there', () => {
  it.each([
    [
      'an unknown workload',
      good.replace('kind: Deployment, name: echoserver', 'kind: Deployment, name: ecoserver'),
      /Workload Not Found: Deployment \S*ecoserver is not there: create it, or correct .*workloadRef/,
    ],
    [
      'an unknown Service',
      good.replace('service: echoserver', 'service: ecoserver'),
      /Service \S+\/ecoserver is not there: create it, or correct trafficRoutings\[\]\.service/,
    ],
    [
      'an unknown Ingress',
      good.replace('ingress: { name: echoserver }', 'ingress: { name: ecoserver }'),
      /Ingress \S+\/ecoserver is not there: create it, or correct trafficRoutings\[\]\.ingress\.name/,
    ],
    [
      'an unknown HTTPRoute',
      rollout({ steps: twoSteps, route: 'gateway: { httpRouteName: ecoserver }' }),
      /HTTPRoute \S+\/ecoserver is not there: .*(create|install)/,
    ],
    [
      'an Ingress class nobody knows',
      good.replace('type: nginx', 'type: nginks').replace('ingress: { name', 'ingress: { classType: nginks, name'),
      /Ingress class "nginks" is not driven by this version of Sluice; use an Ingress of class nginx/,
    ],
  ])('says so: %s; and is Healthy once it is corrected', async (what, yaml, message) => {
    await saysAfter(what, yaml, message);
    expect(lane.status.phase).toBe('Initial');
    await healthyAfter(good);
  });

  it('says so when the Service is there and leads to no pods of its own, and the Ingress leads elsewhere', async () => {
    await saysAfter(
      'an Ingress that leads elsewhere',
      ingress.replace('service: { name: echoserver', 'service: { name: other'),
      /Ingress \S+\/echoserver has no host or path that leads to Service echoserver.*: add one, or correct/,
    );
    await healthyAfter(ingress);
    await lane.cluster.kubectl(
      'patch',
      'service',
      'echoserver',
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/spec/selector"}]',
    );
    await saysAfter(
      'a Service without selector',
      service.replace('selector: { app: echoserver }', ''),
      /Service \S+\/echoserver has no selector.*: give it one/,
    );
    await healthyAfter(service);
  });

  it('holds the new version meanwhile, and releases it as soon as the Rollout is corrected', async () => {
    await lane.cluster.apply(good.replace('service: echoserver', 'service: ecoserver'));
    await lane.until('the message', () => /ecoserver is not there/.test(lane.status.message ?? ''));
    lane.ledger.clear();
    await lane.setImage(lane.nextImage());
    await lane.until(
      'the release to say what it waits for',
      () => lane.status.phase === 'Progressing' && /ecoserver is not there/.test(lane.status.message ?? ''),
    );
    expect(lane.deployment.spec.paused).toBe(true);
    expect(lane.canaries).toEqual([]);
    await lane.cluster.apply(good);
    await lane.paused(1);
    await lane.approve();
    await lane.ended('Rollout progressing has been completed');
  });

  it('holds the new version meanwhile, and releases it as soon as what is missing is made', async () => {
    await lane.cluster.kubectl('delete', 'service/echoserver');
    await lane.until('the message', () => /echoserver is not there/.test(lane.status.message ?? ''));
    await lane.setImage(lane.nextImage());
    await lane.until(
      'the release to say what it waits for',
      () => lane.status.phase === 'Progressing' && /echoserver is not there/.test(lane.status.message ?? ''),
    );
    await lane.cluster.apply(service);
    await lane.paused(1);
    await lane.approve();
    await lane.ended('Rollout progressing has been completed');
  });

  it('takes up what is missing as soon as it is made', async () => {
    await lane.cluster.kubectl('delete', 'service/echoserver', 'ingress/echoserver');
    await lane.until('the message to name both', () =>
      /Service \S+ is not there.*Ingress \S+ is not there/.test(lane.status.message ?? ''),
    );
    await lane.cluster.apply(service);
    await lane.until('the message to name one', () => /^Ingress \S+ is not there/.test(lane.status.message ?? ''));
    await healthyAfter(ingress);
  });
});

describe('an edit in the middle that makes no sense', () => {
  it('is refused, and the release goes on as if nothing had been', async () => {
    await lane.setImage(lane.nextImage());
    await lane.paused(1);
    await expect(lane.cluster.apply(rollout({ steps: [], route: onIngress }))).rejects.toThrow(/cannot be empty/);
    const elsewhere = good.replace('service: echoserver', 'service: ecoserver');
    await expect(lane.cluster.apply(elsewhere)).rejects.toThrow(/TrafficRoutings' field is immutable/);
    const other = good.replace('kind: Deployment, name: echoserver', 'kind: Deployment, name: ecoserver');
    await expect(lane.cluster.apply(other)).rejects.toThrow(/ObjectRef' field is immutable/);
    await lane.approve();
    await lane.ended('Rollout progressing has been completed');
  });
});

describe('a version that never becomes ready', () => {
  it('is reported as failing after progressDeadlineSeconds; going back works, and so does the next version', async () => {
    const patient = deployment({ replicas: 3 }).replace('replicas: 3', 'replicas: 3\n  progressDeadlineSeconds: 5');
    await lane.cluster.apply(patient.replace(/image: \S+/, `image: ${lane.image}`));
    await lane.settled();
    const old = lane.image;
    await lane.setImage('cilium/broken:1');
    const published = performance.now();
    await lane.until(
      'the pod to be named with its reason',
      () => /pod echoserver-\S+ .*ImagePullBackOff/.test(lane.status.message ?? ''),
      20_000,
    );
    said.push(['a pod that cannot pull its image', (performance.now() - published) / 1000]);
    await lane.until(
      'the failure',
      () => /no progress within progressDeadlineSeconds.*ImagePullBackOff/.test(lane.status.message ?? ''),
      30_000,
    );
    said.push(['no progress within progressDeadlineSeconds (5)', (performance.now() - published) / 1000]);
    expect(lane.status).toMatchObject({ phase: 'Progressing', currentStepState: 'StepUpgrade', currentStepIndex: 1 });
    expect(await lane.cluster.get('services', 'echoserver-canary')).toBeUndefined();
    await lane.setImage(old);
    await lane.ended('Rollout progressing has been canceled');
    expect(lane.canaries).toEqual([]);
    await lane.releaseForward();
  });

  it('gives way to another version, without going back in between', async () => {
    await lane.setImage('cilium/broken:2');
    await lane.until(
      'the failure',
      () => /no progress within progressDeadlineSeconds/.test(lane.status.message ?? ''),
      30_000,
    );
    const image = lane.nextImage();
    await lane.setImage(image);
    await lane.paused(1);
    expect(lane.canaries.map(({ spec }) => spec.template.spec.containers[0]?.image)).toEqual([image]);
    await lane.approve();
    await lane.ended('Rollout progressing has been completed');
  });
});
