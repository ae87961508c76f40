/** The demo's release, told as it happens. */

import { objectsOf } from '../client/cli/actions/cluster.ts';
import { kubectl as treeKubectl } from '../client/cli/kubectl.ts';
import { renderTree } from '../client/cli/tree/tree.ts';
import type { ReleaseView, SluiceClient } from '../client/index.ts';
import { deployment, rolloutName, steps } from './app.ts';
import { isShare, type Narrator } from './narrate.ts';
import { type Place, run } from './place.ts';
import type { Traffic } from './traffic.ts';

export type Scene = {
  readonly place: Place;
  readonly namespace: string;
  readonly sluice: SluiceClient;
  readonly tell: Narrator;
  readonly traffic?: Traffic;
};

export type Split = {
  readonly step: string;
  readonly asked: number;
  readonly measured?: number;
  readonly requests: number;
};

const requestsMeasured = 1500;

export async function until<T>(what: string, look: () => Promise<T | undefined>, seconds = 60): Promise<T> {
  const end = Date.now() + seconds * 1000;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end)
      throw new Error(`${what}: not in ${seconds} s${last === undefined ? '' : ` (${String(last)})`}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export function rolloutStatus({ place, namespace }: Scene): Promise<Record<string, unknown>> {
  return place
    .kubectl(['-n', namespace, 'get', 'rollout', rolloutName, '-o', 'json'])
    .then((text) => (JSON.parse(text) as { status?: Record<string, unknown> }).status ?? {});
}

export function pausedAt(scene: Scene, step: number): Promise<Record<string, unknown>> {
  return until(`the release to pause at step ${step}`, async () => {
    const status = await rolloutStatus(scene);
    return status.currentStepIndex === step && status.currentStepState === 'StepPaused' ? status : undefined;
  });
}

export async function showTree({ place, namespace, sluice, tell }: Scene): Promise<void> {
  const target = { namespace, name: rolloutName };
  const seen = await sluice.look(target).catch(() => undefined);
  const runner = treeKubectl({ kubeconfig: place.kubeconfig });
  const objects = await objectsOf(runner, target, seen);
  tell.block(renderTree({ ...target, objects, ...(seen && { seen }) }, Date.now(), { color: tell.color, width: 140 }));
}

/** Measures the split of a step, and claims that it is the one asked for. */
export async function measure({ traffic, tell, place }: Scene, step: number, version: string): Promise<Split> {
  const asked = steps[step - 1]?.weight ?? 100;
  const name = `${step}/${steps.length}`;
  if (traffic === undefined) {
    tell.skip(`share of requests at step ${step}`, place.whyNoPackets);
    return { step: name, asked, requests: 0 };
  }
  const { requests, canary, failed } = await traffic.measure(version, requestsMeasured);
  const measured = (100 * canary) / requests;
  tell.claim(
    `${asked} % of requests asked for ${version}, ${measured.toFixed(1)} % measured`,
    isShare(canary, requests, asked) && failed === 0,
    `${canary} of ${requests} requests through Envoy, ${failed} failed`,
  );
  return { step: name, asked, measured, requests };
}

export async function apply({ place, namespace, tell }: Scene, version: string): Promise<void> {
  tell.command(`kubectl apply -f echoserver.yaml   # image: cilium/echoserver:${version}`);
  await place.kubectl(['-n', namespace, 'apply', '-f', '-'], deployment(version));
}

export async function approveByClient({ sluice, namespace, tell }: Scene): Promise<void> {
  tell.command(
    "await sluice.approve({ namespace, name: 'rollouts-demo' }, { by: 'demo', reason: 'the first step looks fine' })",
  );
  const answer = await sluice.approve(
    { namespace, name: rolloutName },
    { by: 'demo', reason: 'the first step looks fine' },
  );
  tell.say(`→ ${answer.message}`);
}

export async function approveBySignal({ place, namespace, tell }: Scene): Promise<void> {
  const id = `rollout/default/${namespace}/${rolloutName}`;
  tell.command(`temporal workflow signal --workflow-id ${id} --name approve`);
  const { cli, address, namespace: temporalNamespace } = place.temporal;
  await run(cli, [
    'workflow',
    'signal',
    '--address',
    address,
    '--namespace',
    temporalNamespace,
    '--workflow-id',
    id,
    '--name',
    'approve',
  ]);
}

export async function approveByStatus({ place, namespace, tell }: Scene): Promise<void> {
  const patch = '{"status":{"canaryStatus":{"currentStepState":"StepReady"}}}';
  tell.command(
    `kubectl patch rollout ${rolloutName} --subresource=status --type=merge -p '${patch}'   # what kubectl-kruise rollout approve does`,
  );
  await place.kubectl([
    '-n',
    namespace,
    'patch',
    'rollout',
    rolloutName,
    '--subresource=status',
    '--type=merge',
    '-p',
    patch,
  ]);
}

/** What the user owns, without what the cluster itself writes. */
export async function usersObjects({ place, namespace }: Scene): Promise<Map<string, string>> {
  const text = await place.kubectl(['-n', namespace, 'get', 'deployments,services,ingresses', '-o', 'json']);
  const routes = await place.kubectl(['-n', namespace, 'get', 'httproutes', '-o', 'json']).catch(() => '{"items":[]}');
  type Item = {
    kind: string;
    metadata: { name: string; labels?: object; annotations?: Record<string, string>; finalizers?: string[] };
    spec: unknown;
  };
  const items = [text, routes].flatMap((json) => (JSON.parse(json) as { items: Item[] }).items);
  return new Map(
    items.map(({ kind, metadata: { name, labels, annotations = {}, finalizers }, spec }) => {
      const {
        'deployment.kubernetes.io/revision': _,
        'kubectl.kubernetes.io/last-applied-configuration': __,
        ...kept
      } = annotations;
      return [`${kind} ${name}`, JSON.stringify({ labels, kept, finalizers, spec })];
    }),
  );
}

/** Claims that each object is as it was, but for the image. */
export function claimRestored(
  tell: Narrator,
  before: Map<string, string>,
  after: Map<string, string>,
  images?: [string, string],
): void {
  const [from, to] = images ?? ['', ''];
  const expected = new Map(
    [...before].map(([name, text]) => [name, images === undefined ? text : text.replaceAll(from, to)]),
  );
  for (const [name, text] of expected)
    tell.claim(
      `${name} is as it was${images !== undefined && text !== before.get(name) ? ', but for its image' : ''}`,
      after.get(name) === text,
    );
  const extra = [...after.keys()].filter((name) => !before.has(name));
  tell.claim(
    'nothing of the release is left',
    extra.length === 0,
    extra.length === 0 ? `${after.size} objects, the user's own` : extra.join(', '),
  );
}

export function decisionsOf(view: ReleaseView | undefined): string {
  return (view?.decisions ?? []).map(({ at, what, by, via }) => `${at}  ${what}, by ${by} (${via})`).join('\n');
}
