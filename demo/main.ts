/** `npm run demo`: the main job, on real servers, told and checked. See README.md. */
import { connect, SluiceClient } from '../client/index.ts';
import { down } from '../dev/stack.ts';
import { httpRoute, ingress, rollout, rolloutName, service } from './app.ts';
import { narrator, table } from './narrate.ts';
import { place as findPlace, type Place } from './place.ts';
import {
  apply,
  approveByClient,
  approveBySignal,
  approveByStatus,
  claimRestored,
  measure,
  pausedAt,
  rolloutStatus,
  type Scene,
  type Split,
  showTree,
  until,
  usersObjects,
} from './story.ts';
import { startTraffic } from './traffic.ts';
import { type DemoWorker, startWorker } from './worker.ts';

const flags = process.argv.slice(2);
const keep = flags.includes('--keep');
const color = process.stdout.isTTY === true && !flags.includes('--no-color') && process.env.NO_COLOR === undefined;
const tell = narrator(color, (text) => void process.stdout.write(text));
const namespace = 'sluice-demo';

/** What must be ended however the demo goes. */
const open: (() => Promise<unknown>)[] = [];

async function main(): Promise<void> {
  const started = Date.now();
  tell.title('The stack: Kubernetes, Temporal and Envoy on this machine');
  const place = await findPlace(tell.say);
  if (place.stack !== undefined && !place.found && !keep)
    open.push(() => down({ name: place.stack as string, log: () => {} }));
  const { install } = await import('../deploy/install.ts');
  await install({ kubeconfig: place.kubeconfig, log: () => {} });
  tell.claim(
    'Sluice is installed',
    (await place.kubectl(['get', 'crd', 'rollouts.rollouts.kruise.io', '-o', 'name'])).includes('rollouts'),
  );

  process.env.TEMPORAL_ADDRESS = place.temporal.address;
  process.env.TEMPORAL_NAMESPACE = place.temporal.namespace;
  let worker = await startWorker(place);
  open.push(() => worker.end('SIGTERM'));
  const connected = await connect();
  open.push(() => connected.close());
  const sluice = new SluiceClient(connected.client);

  const quiet: Scene = { place, namespace, sluice, tell };
  await deploy(quiet);
  const traffic = place.packets === undefined ? undefined : await startTraffic(place.packets);
  if (traffic !== undefined) open.push(() => traffic.stop());
  const scene: Scene = { ...quiet, ...(traffic === undefined ? {} : { traffic }) };
  const before = await usersObjects(scene);
  const splits = await releaseForward(
    scene,
    () => worker,
    (next) => {
      worker = next;
    },
  );
  const view = await sluice.history({ namespace, name: rolloutName });
  claimRestored(tell, before, await usersObjects(scene), ['cilium/echoserver:1.10.2', 'cilium/echoserver:1.10.3']);
  await rollBack(scene);
  await summary(scene, splits, view[0]?.runId ?? '', started);
  if (keep) howToGoOn(place);
}

async function deploy(scene: Scene): Promise<void> {
  const { place } = scene;
  tell.title('The application: echoserver 1.10.2, five pods behind a Service and a route');
  await place.kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=60s']);
  await place.kubectl(['create', 'namespace', namespace]);
  open.unshift(() =>
    keep ? Promise.resolve() : place.kubectl(['delete', 'namespace', namespace, '--wait=false']).catch(() => ''),
  );
  const dataPlane = place.packets?.dataPlane;
  const onGateway = dataPlane?.available === true;
  const route = onGateway ? httpRoute(dataPlane.gatewayRef) : ingress;
  await apply(scene, '1.10.2');
  await place.kubectl(['-n', namespace, 'apply', '-f', '-'], `${service}---\n${route}`);
  await place.kubectl(['-n', namespace, 'rollout', 'status', 'deployment/echoserver', '--timeout=120s']);
  const reference = onGateway
    ? 'gateway: { httpRouteName: echoserver }'
    : 'ingress: { name: echoserver, classType: nginx }';
  tell.command('kubectl apply -f rollout.yaml         # steps: 5 % (one pod), 40 %, 80 %, and the implicit last batch');
  await place.kubectl(['-n', namespace, 'apply', '-f', '-'], rollout(reference));
  await until('the Rollout to be Healthy', async () =>
    (await rolloutStatus(scene)).phase === 'Healthy' ? true : undefined,
  );
  tell.block(await place.kubectl(['-n', namespace, 'get', 'rollout']));
}

/** The release of 1.10.3: three approvals in three ways, and a worker killed in the middle. */
async function releaseForward(
  scene: Scene,
  current: () => DemoWorker,
  replace: (next: DemoWorker) => void,
): Promise<Split[]> {
  tell.title('Release 1.10.3: change the image, and nothing else');
  await apply(scene, '1.10.3');
  await pausedAt(scene, 1);
  await showTree(scene);
  const splits = [await measure(scene, 1, '1.10.3')];

  tell.title('Approve step 1 through the client; the worker is killed with SIGKILL in the middle of step 2');
  await approveByClient(scene);
  await until('step 2 to bring up its pods', async () => {
    const status = await rolloutStatus(scene);
    return status.currentStepIndex === 2 && status.currentStepState === 'StepUpgrade' ? true : undefined;
  });
  const pid = current().child.pid;
  await current().end('SIGKILL');
  tell.say(`worker ${pid} killed while step 2 waits for its pods; another one starts`);
  replace(await startWorker(scene.place));
  await pausedAt(scene, 2);
  const canaries = await scene.place.kubectl([
    '-n',
    scene.namespace,
    'get',
    'deployments',
    '-l',
    'rollouts.kruise.io/canary-deployment=echoserver',
    '-o',
    'name',
  ]);
  tell.claim(
    'the release went on, with the one canary Deployment it had',
    canaries.trim().split('\n').length === 1,
    canaries.trim(),
  );
  await showTree(scene);
  splits.push(await measure(scene, 2, '1.10.3'));

  tell.title('Approve step 2 by a bare Temporal signal');
  await approveBySignal(scene);
  await pausedAt(scene, 3);
  await showTree(scene);
  splits.push(await measure(scene, 3, '1.10.3'));

  tell.title('Approve step 3 by the status patch that OpenKruise users know');
  await approveByStatus(scene);
  await until('the release to end', async () => ((await rolloutStatus(scene)).phase === 'Healthy' ? true : undefined));
  tell.block(await scene.place.kubectl(['-n', scene.namespace, 'get', 'rollout']));
  const running = await runningImages(scene);
  tell.claim(
    'every pod runs 1.10.3',
    running.size === 1 && running.has('cilium/echoserver:1.10.3'),
    [...running].join(', '),
  );
  return splits;
}

/** Images of the pods that stay: one that was told to go is still there for a moment. */
async function runningImages({ place, namespace: own }: Scene): Promise<Set<string>> {
  type Pods = { items: { metadata: { deletionTimestamp?: string }; spec: { containers: { image: string }[] } }[] };
  const { items } = JSON.parse(await place.kubectl(['-n', own, 'get', 'pods', '-o', 'json'])) as Pods;
  const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return new Set(staying.flatMap(({ spec }) => spec.containers.map(({ image }) => image)));
}

async function rollBack(scene: Scene): Promise<void> {
  tell.title('A version whose pods never become ready, and the way back');
  const before = await usersObjects(scene);
  await apply(scene, 'failed');
  const message = await until('the message to name what is wrong', async () => {
    const { message: text } = await rolloutStatus(scene);
    return typeof text === 'string' && text.includes('ImagePullBackOff') ? text : undefined;
  });
  tell.say(message);
  const status = await rolloutStatus(scene);
  tell.claim('the release holds at step 1', status.currentStepIndex === 1 && status.currentStepState === 'StepUpgrade');
  await apply(scene, '1.10.3');
  await until('the rollback to end', async () => {
    const seen = await rolloutStatus(scene);
    return seen.phase === 'Healthy' && seen.message === 'Rollout progressing has been canceled' ? true : undefined;
  });
  tell.block(await scene.place.kubectl(['-n', scene.namespace, 'get', 'rollout']));
  claimRestored(tell, before, await usersObjects(scene));
}

async function summary(
  { place, traffic }: Scene,
  splits: readonly Split[],
  runId: string,
  started: number,
): Promise<void> {
  tell.title('Summary');
  const rows = splits.map(({ step, asked, measured, requests }) => [
    step,
    `${asked} %`,
    measured === undefined ? '–' : `${measured.toFixed(1)} %`,
    String(requests),
  ]);
  tell.block(table([['STEP', 'ASKED', 'MEASURED', 'REQUESTS'], ...rows]));
  if (traffic === undefined) tell.skip('failed requests', place.whyNoPackets);
  else {
    const { requests, failed, failures, unready } = await traffic.total();
    tell.claim(
      `${failed} of ${requests} requests failed, release and rollback together`,
      failed === 0,
      failures.slice(0, 3).join('; ') || 'constant load through Envoy',
    );
    tell.claim(`${unready} requests went to a pod that was not ready`, unready === 0);
  }
  const { ui } = place.temporal;
  const id = encodeURIComponent(`rollout/default/${namespace}/${rolloutName}`);
  if (ui !== undefined)
    tell.say(
      `the release in Temporal's UI${keep ? '' : ' (with --keep it stays up)'}: ${ui}/namespaces/${place.temporal.namespace}/workflows/${id}/${runId}/history`,
    );
  tell.say(`took ${Math.round((Date.now() - started) / 1000)} s`);
}

function howToGoOn(place: Place): void {
  const stack = place.stack === undefined ? '' : ` --name ${place.stack}`;
  tell.title('The stack stays up');
  tell.block(
    [
      `eval "$(npx sluice dev env${stack})"    # KUBECONFIG, TEMPORAL_ADDRESS for this shell`,
      'npx sluice worker &                     # the demo has stopped its own',
      `npx sluice get ${rolloutName} -n ${namespace} -w`,
      `kubectl -n ${namespace} set image deployment/echoserver echoserver=cilium/echoserver:1.10.4`,
      `npx sluice approve ${rolloutName} -n ${namespace}`,
      `npx sluice dev down${stack}`,
    ].join('\n'),
  );
}

async function close(): Promise<void> {
  for (const end of open.splice(0).reverse())
    await end().catch((error: Error) => tell.say(`could not clear up: ${error.message}`));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    tell.say(`${signal}: stopping`);
    void close().then(() => process.exit(130));
  });

try {
  await main();
} catch (error) {
  tell.claim(`the demo went through (${(error as Error).message})`, false);
}
const { held, failed, skipped } = tell.claims();
await close();
tell.say(
  `${held} claims checked, ${failed.length} failed${skipped === 0 ? '' : `, ${skipped} not measured`}${keep ? '' : '; everything is stopped'}`,
);
for (const text of failed) tell.say(`failed: ${text}`);
process.exit(failed.length === 0 ? 0 : 1);
