/** The activities of a release over a cluster in memory: what they are asked is done at once, unless a test holds it up. */
import { ApplicationFailure } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Activities } from '../../activities/index.ts';
import type { LookRequest } from '../../activities/look.ts';
import type { ProjectRequest } from '../../activities/project.ts';
import { interrupt, type Waiting, watching } from '../../activities/waiting.ts';
import type { Brought } from '../../domain/done.ts';
import { promotes } from '../../domain/finalise.ts';
import { wishIn } from '../../domain/input.ts';
import type { Plan } from '../../domain/plan.ts';
import { type Facts, newRelease } from '../../domain/release.ts';
import type { WantedStatus } from '../../domain/status.ts';
import { Cluster } from '../domain/model/cluster.ts';
import { factsOf } from '../domain/model/run.ts';

type Name = keyof Activities;

export class Simulated {
  readonly cluster: Cluster;
  readonly activities: Activities;
  /** Activities begun, in order. */
  readonly calls: string[] = [];
  /** Statuses written, in order. */
  readonly shown: WantedStatus[] = [];
  /** Waiting activities go on only while this is false. */
  held = false;
  progressDeadlineSeconds = 600;
  /** What an activity throws instead of doing its work. */
  readonly failing = new Map<Name, () => Error>();
  /** What a waiting activity sees while it is held up. */
  seeing: (waiting: Waiting) => void = () => {};

  constructor(client: Client, plan: Plan, replicas = 4) {
    this.cluster = new Cluster(replicas, plan);
    this.cluster.rollout.phase = 'Healthy';
    const waits = (name: Name, show: ProjectRequest | undefined, work: () => Brought) => {
      this.#begin(name);
      return watching(client, async (waiting) => {
        const failure = this.failing.get(name);
        if (failure !== undefined) throw failure();
        const input = show === undefined ? undefined : this.#project(show);
        while (this.held) {
          waiting.signal.throwIfAborted();
          this.seeing(waiting);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        // No write to a cluster is faster.
        await new Promise((resolve) => setTimeout(resolve, 20));
        waiting.signal.throwIfAborted();
        return { ...work(), ...(input === undefined ? {} : { input }) };
      });
    };
    const short = <T>(name: Name, work: () => T): T => {
      this.#begin(name);
      const failure = this.failing.get(name);
      if (failure !== undefined) throw failure();
      return work();
    };
    const { cluster } = this;
    this.activities = {
      look: async (request) => short('look', () => this.#look(request)),
      project: async (request) => short('project', () => this.#project(request)),
      wake: async (runId) => interrupt(runId),
      hold: async ({ images }) => short('hold', () => cluster.publish(Object.values(images)[0] ?? '')),
      setPaused: async ({ paused }) =>
        short('setPaused', () => {
          cluster.rollout = { ...cluster.rollout, paused, generation: cluster.rollout.generation + 1 };
        }),
      upgradePods: ({ show, revision, stable, pods }) =>
        waits('upgradePods', show, () => {
          cluster.pin = stable.podTemplateHash;
          cluster.canaries.clear();
          cluster.canaries.set(revision, { desired: pods, ready: pods });
          return { deployment: `echo-${revision}`, podTemplateHash: revision, ready: pods };
        }),
      shiftTraffic: ({ show, split, canaryHash }) =>
        waits('shiftTraffic', show, () => {
          cluster.canaryService = canaryHash;
          cluster.sent = { share: split.traffic ?? 0, matches: (split.matches ?? []).length > 0 };
          return {};
        }),
      finishOlder: ({ show }) => waits('finishOlder', show, () => ({})),
      finalise: ({ show, step, reason, revision, stable }) =>
        waits('finalise', show, () => {
          if (step === 'restoreStableService') cluster.pin = undefined;
          if (step === 'routeToStable') cluster.sent = undefined;
          if (step === 'removeCanaryService') cluster.canaryService = undefined;
          if (step === 'putBack' && stable !== undefined) cluster.template = stable.revision;
          if (step === 'releaseWorkload') cluster.canaries.clear();
          const expected = promotes(reason) ? revision : stable?.revision;
          if (step === 'resumeWorkload' && cluster.template === expected) this.#roll();
          return {};
        }),
    };
  }

  /** How often an activity has begun. */
  count(name: Name): number {
    return this.calls.filter((call) => call === name).length;
  }

  #begin(name: Name): void {
    this.calls.push(name);
  }

  #roll(): void {
    const { cluster } = this;
    cluster.held = false;
    cluster.native.clear();
    cluster.native.set(cluster.template, { pods: cluster.replicas, ready: cluster.replicas });
  }

  #look({ projected, taken, expected }: LookRequest): Facts {
    const facts = factsOf(this.cluster, newRelease(0), projected, taken);
    const { workload } = facts;
    const canary = this.cluster.canaries.get(expected?.revision ?? '');
    return {
      ...facts,
      drifted: expected !== undefined && canary?.desired !== expected.pods,
      ...(workload && { workload: { ...workload, progressDeadlineSeconds: this.progressDeadlineSeconds } }),
    };
  }

  #project({
    status,
    projected,
    taken,
    final,
  }: ProjectRequest): (ReturnType<typeof wishIn> & { by: string }) | undefined {
    const wish = final === true ? undefined : wishIn(this.cluster.status, projected, taken);
    if (wish !== undefined) return { ...wish, by: 'kubectl' };
    this.shown.push(status);
    this.cluster.status = { canaryStatus: { ...status.canaryStatus } };
    this.cluster.rollout.phase = status.phase;
    return undefined;
  }
}

/** What the API server says to somebody who lacks a right: no retry mends it. */
export function forbidden(): Error {
  return ApplicationFailure.create({
    message: 'deployments.apps "echo" is forbidden: User "worker" cannot patch it',
    type: 'Forbidden',
    nonRetryable: true,
  });
}
