/**
 * Follows the cluster: starts a release when a workload is held for one, tells a running release that something it
 * depends on has changed, and shows Rollouts that have no release under way. It decides nothing about releases, and any
 * number of watchers may run: what they send is "look again", and starting twice is starting once.
 */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { keys } from '../activities/keys.ts';
import { isStatus } from '../activities/kube/errors.ts';
import type { KindName } from '../activities/kube/kinds.ts';
import type { Kube } from '../activities/kube/kube.ts';
import type { Deployment, RolloutObject } from '../activities/kube/objects.ts';
import { obstacles } from '../activities/look.ts';
import { lookAtDeployment } from '../activities/workloads/deployment.ts';
import { canonical } from '../activities/workloads/template.ts';
import type { Problem } from '../domain/problems.ts';
import { workflowIdOf } from '../domain/view.ts';
import { conflicts } from '../spec/conflicts.ts';
import type { ParsedRollout } from '../spec/rollout.ts';
import { nudgeSignal, releaseWorkflow } from '../workflows/messages.ts';
import { type Digest, digestOf, hasBegun, isActive, newsIn, rolloutNameOf } from './digest.ts';
import { idleStatus } from './idle.ts';
import type { Metrics } from './metrics.ts';
import { KeyedQueue } from './queue.ts';
import { concerns, parsedOf, relatedTo } from './related.ts';

export type WatcherOptions = {
  readonly kube: Kube;
  readonly client: Client;
  readonly cluster: string;
  readonly taskQueue: string;
  readonly metrics: Metrics;
  readonly log: (line: string) => void;
};

/** Everything is looked at again this often, whatever the watches brought: a lost event costs at most this. */
const resync = 60_000;

/** ms for which a change of what a release made must stay before it is told: mostly it is its own next step. */
const patience = 500;

export class Watcher {
  readonly #options: WatcherOptions;
  readonly #queue: KeyedQueue;
  readonly #told = new Map<string, Digest>();
  readonly #doubted = new Map<string, { readonly made: string; readonly since: number }>();
  readonly #followed = new WeakSet<object>();
  #timer: NodeJS.Timeout | undefined;
  #forgetting = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#queue = new KeyedQueue(
      (key) => this.#reconcile(key),
      (key, error) => {
        options.metrics.errors.inc({ where: 'reconcile' });
        options.log(`${key}: ${(error as Error).message}; tried again`);
      },
    );
  }

  start(): this {
    const { kube } = this.#options;
    kube.copy('rollouts').onChange((now, before) => this.#enqueue((now ?? before)?.metadata));
    kube.copy('deployments').onChange((now, before) => this.#deploymentChanged(now, before));
    this.#timer = setInterval(() => {
      for (const rollout of kube.copy('rollouts').list()) this.#enqueue(rollout.metadata);
      void this.#forgetEnded();
    }, resync);
    return this;
  }

  /** A release that was told all there is, and then terminated from outside, is begun anew where it is due. */
  async #forgetEnded(): Promise<void> {
    const { client, cluster, metrics } = this.#options;
    if (this.#forgetting) return;
    this.#forgetting = true;
    for (const key of [...this.#told.keys()]) {
      const [namespace = '', name = ''] = key.split('/');
      try {
        const { status } = await client.workflow.getHandle(workflowIdOf({ cluster, namespace, name })).describe();
        // One that ended by its own decision is not begun again for the same reason.
        if (status.name === 'RUNNING' || status.name === 'COMPLETED') continue;
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) {
          metrics.errors.inc({ where: 'resync' });
          break;
        }
      }
      this.#told.delete(key);
      this.#queue.add(key);
    }
    this.#forgetting = false;
  }

  /** Stops following; what is being sent is let finish. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#queue.close();
  }

  #enqueue(metadata: { namespace?: string; name: string } | undefined): void {
    if (metadata !== undefined) this.#queue.add(`${metadata.namespace}/${metadata.name}`);
  }

  #deploymentChanged(now: Deployment | undefined, before: Deployment | undefined): void {
    const object = now ?? before;
    if (object === undefined) return;
    const namespace = object.metadata.namespace ?? '';
    const workload = object.metadata.labels?.[keys.canaryDeployment] ?? object.metadata.name;
    const held = rolloutNameOf(object);
    if (held !== undefined) this.#queue.add(`${namespace}/${held}`);
    for (const rollout of this.#options.kube.copy('rollouts').list(namespace))
      if (parsedOf(rollout).plan?.workload.name === workload) this.#enqueue(rollout.metadata);
  }

  async #reconcile(key: string): Promise<void> {
    const { kube } = this.#options;
    const [namespace = '', name = ''] = key.split('/');
    const rollouts = kube.copy('rollouts');
    const rollout = rollouts.get(namespace, name);
    const parsed = rollout === undefined ? undefined : parsedOf(rollout);
    if (rollout === undefined || parsed === undefined) return this.#unattached(namespace, name);
    for (const kind of relatedTo(parsed)) this.#follow(kind, namespace);
    const seen =
      parsed.plan === undefined ? undefined : await lookAtDeployment(kube, namespace, parsed.plan.workload.name);
    const problems = hasBegun(rollout) ? [] : await this.#problems(rollout, parsed);
    if (isActive(rollout, parsed, seen?.object)) {
      await this.#keep(rollout, parsed);
      const digest = digestOf(kube, rollout, parsed, seen?.object, problems);
      return this.#nudge(namespace, name, digest, {
        rollout: rollout.metadata.resourceVersion,
        ...(seen === undefined ? {} : { workload: seen.object.metadata.resourceVersion }),
      });
    }
    this.#told.delete(key);
    if (parsed.switches.deleting) return this.#letGo(rollout);
    await this.#showIdle(rollout, parsed, problems, seen?.workload);
  }

  /** A workload held for a release that has no Rollout object: a client started it. */
  async #unattached(namespace: string, name: string): Promise<void> {
    const held = this.#options.kube
      .copy('deployments')
      .list(namespace)
      .find((object) => rolloutNameOf(object) === name);
    if (held === undefined) return;
    const subject = `${held.metadata.uid}/${held.metadata.generation}`;
    const digest = { subject, wish: '', obstacles: '', made: '' };
    await this.#nudge(namespace, name, digest, { workload: held.metadata.resourceVersion });
  }

  async #problems(rollout: RolloutObject, parsed: ParsedRollout): Promise<Problem[]> {
    const { kube } = this.#options;
    const namespace = rollout.metadata.namespace ?? '';
    const others = kube.copy('rollouts').list(namespace);
    const found = [...parsed.problems, ...conflicts(rollout, others)];
    if (parsed.plan !== undefined) found.push(...(await obstacles(kube, namespace, parsed.plan)));
    return found;
  }

  /** Services and routes of a namespace: a change of one is a change for the Rollouts that name it. */
  #follow(kind: KindName, namespace: string): void {
    const copy = this.#options.kube.copy(kind, namespace);
    if (this.#followed.has(copy)) return;
    this.#followed.add(copy);
    copy.onChange((now, before) => {
      const name = (now ?? before)?.metadata.name;
      for (const rollout of this.#options.kube.copy('rollouts').list(namespace))
        if (name === undefined || concerns(name, parsedOf(rollout))) this.#enqueue(rollout.metadata);
    });
  }

  async #nudge(
    namespace: string,
    name: string,
    digest: Digest,
    seen: { rollout?: string; workload?: string },
  ): Promise<void> {
    const { client, cluster, taskQueue, metrics } = this.#options;
    const key = `${namespace}/${name}`;
    const news = newsIn(this.#told.get(key), digest);
    if (news === 'made' && this.#isDoubtful(key, digest.made)) return;
    this.#doubted.delete(key);
    this.#told.set(key, digest);
    if (news === 'none') return;
    try {
      await client.workflow.signalWithStart(releaseWorkflow, {
        workflowId: workflowIdOf({ cluster, namespace, name }),
        taskQueue,
        args: [{ cluster, namespace, name }],
        signal: nudgeSignal,
        signalArgs: [seen],
        staticSummary: `release of ${key}`,
        staticDetails: `Release of the workload named by Rollout \`${key}\` in cluster \`${cluster}\`.`,
      });
      metrics.nudges.inc({ kind: 'release' });
    } catch (error) {
      this.#told.delete(key);
      throw error;
    }
  }

  /** True until `made` has been seen for long enough. */
  #isDoubtful(key: string, made: string): boolean {
    const doubt = this.#doubted.get(key);
    if (doubt?.made === made && Date.now() - doubt.since >= patience) return false;
    if (doubt?.made !== made) this.#doubted.set(key, { made, since: Date.now() });
    this.#queue.addLater(key, patience);
    return true;
  }

  async #showIdle(
    rollout: RolloutObject,
    parsed: ParsedRollout,
    problems: readonly Problem[],
    workload: Parameters<typeof idleStatus>[0]['workload'],
  ): Promise<void> {
    const { kube } = this.#options;
    const { namespace = '', name, resourceVersion, generation = 0, finalizers = [], annotations } = rollout.metadata;
    const hash = parsed.plan?.hash ?? annotations?.[keys.planHash];
    const marked = finalizers.includes(keys.rolloutFinalizer) && annotations?.[keys.planHash] === hash;
    const status = rollout.status ?? {};
    const wanted = idleStatus({
      generation,
      switches: parsed.switches,
      problems,
      status,
      ...(parsed.plan === undefined ? {} : { plan: parsed.plan }),
      ...(workload === undefined ? {} : { workload }),
    });
    try {
      let version = resourceVersion;
      if (!marked) {
        const added = finalizers.includes(keys.rolloutFinalizer) ? finalizers : [...finalizers, keys.rolloutFinalizer];
        const metadata = { finalizers: added, annotations: { [keys.planHash]: hash ?? null } };
        const changed = await kube.patch('rollouts', namespace, name, { metadata }, { resourceVersion: version });
        version = changed.metadata.resourceVersion;
      }
      if (
        Object.entries(wanted).every(([field, value]) => canonical(status[field] ?? null) === canonical(value ?? null))
      )
        return;
      await kube.patch(
        'rollouts',
        namespace,
        name,
        { status: wanted },
        { subresource: 'status', resourceVersion: version },
      );
    } catch (error) {
      // Someone else wrote first, or deleted it: the watch brings what they wrote, and it is looked at again.
      if (!isStatus(error, 409) && !isStatus(error, 404)) throw error;
    }
  }

  /**
   * A release that began before its Rollout was ever seen idle: the object must not go before what it made has gone. Who
   * takes the finalizer off later, as `sluice uninstall --force` does, means it.
   */
  async #keep({ metadata }: RolloutObject, { plan }: ParsedRollout): Promise<void> {
    const { namespace = '', name, resourceVersion, finalizers = [], annotations, deletionTimestamp } = metadata;
    if (plan === undefined || deletionTimestamp !== undefined || annotations?.[keys.planHash] !== undefined) return;
    const added = finalizers.filter((finalizer) => finalizer !== keys.rolloutFinalizer).concat(keys.rolloutFinalizer);
    const kept = { metadata: { finalizers: added, annotations: { [keys.planHash]: plan.hash } } };
    try {
      await this.#options.kube.patch('rollouts', namespace, name, kept, { resourceVersion });
    } catch (error) {
      if (!isStatus(error, 409) && !isStatus(error, 404)) throw error;
    }
  }

  /** Nothing of a release is left: the object may go. */
  async #letGo(rollout: RolloutObject): Promise<void> {
    const { namespace = '', name, resourceVersion, finalizers = [] } = rollout.metadata;
    if (!finalizers.includes(keys.rolloutFinalizer)) return;
    const rest = finalizers.filter((finalizer) => finalizer !== keys.rolloutFinalizer);
    try {
      await this.#options.kube.patch(
        'rollouts',
        namespace,
        name,
        { metadata: { finalizers: rest.length === 0 ? null : rest } },
        { resourceVersion },
      );
    } catch (error) {
      if (!isStatus(error, 409) && !isStatus(error, 404)) throw error;
    }
  }
}
