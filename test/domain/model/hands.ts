/** What the activities do to the cluster for an action, write by write: each `yield` is a place where a worker may die. */
import type { Action } from '../../../domain/decide.ts';
import type { Brought } from '../../../domain/done.ts';
import { promotes } from '../../../domain/finalise.ts';
import { movesTraffic } from '../../../domain/plan.ts';
import type { Facts, ReleaseState } from '../../../domain/release.ts';
import { type Cluster, nothingSent, type Sent } from './cluster.ts';

/** `wrote`: something was written; `waits`: nothing can be done until the cluster changes. */
export type Progress = 'wrote' | 'waits';
export type Work = Generator<Progress, Brought, void>;

/** What a step sends to the new version. */
export function sentBy(state: ReleaseState, step: number): Sent {
  const asked = state.plan?.steps[step - 1];
  if (asked === undefined || !movesTraffic(asked)) return nothingSent;
  const matches = (asked.matches?.length ?? 0) > 0;
  return { share: matches ? 0 : (asked.traffic ?? 0), matches };
}

export function carryOut(cluster: Cluster, action: Action, state: ReleaseState, facts: Facts): Work {
  switch (action.do) {
    case 'upgrade':
      return upgrade(cluster, state, action.pods);
    case 'route':
      return route(cluster, state, sentBy(state, action.step));
    case 'unroute':
      return route(cluster, state, nothingSent);
    case 'finishOlder':
      return finishOlder(cluster);
    case 'setPaused':
      return setPaused(cluster, action.paused);
    case 'finalise':
      return finalise(cluster, action, state, facts);
    case 'wait':
    case 'restart':
    case 'end':
      throw new Error(`${action.do} is nothing to carry out`);
  }
}

function* upgrade(cluster: Cluster, state: ReleaseState, pods: number): Work {
  const { plan, stable, revision } = state;
  if (plan === undefined || stable === undefined) throw new Error('not begun');
  if (plan.routings.length > 0 && cluster.pin !== stable.podTemplateHash) {
    cluster.pin = stable.podTemplateHash;
    yield 'wrote';
  }
  for (;;) {
    const canary = cluster.canaries.get(revision);
    if (canary?.desired === pods) {
      if (canary.ready >= pods) break;
      yield 'waits';
    } else if (canary !== undefined) {
      canary.desired = pods;
      canary.ready = Math.min(canary.ready, pods);
      yield 'wrote';
    } else if (cluster.exists && cluster.template === revision) {
      cluster.canaries.set(revision, { desired: pods, ready: 0 });
      yield 'wrote';
    } else yield 'waits';
  }
  for (const other of [...cluster.canaries.keys()]) if (other !== revision) cluster.canaries.delete(other);
  return { deployment: `echo-${revision}`, podTemplateHash: revision, ready: pods };
}

function* route(cluster: Cluster, state: ReleaseState, sent: Sent): Work {
  if ((state.plan?.routings.length ?? 0) === 0) throw new Error('there are no routes');
  const version = state.podTemplateHash;
  if (cluster.canaryService !== version) {
    cluster.canaryService = version;
    yield 'wrote';
  }
  const sends = sent.share > 0 || sent.matches;
  while (sends && (cluster.canaries.get(version)?.ready ?? 0) < Math.max(1, state.upgraded)) yield 'waits';
  cluster.sent = sent;
  yield 'wrote';
  return {};
}

/** The held version is put aside, the one before it rolls, then it is held again. */
function* finishOlder(cluster: Cluster): Work {
  if (cluster.queued === undefined) {
    const older = [...cluster.native].filter(([version, { pods }]) => version !== cluster.template && pods > 0);
    const newest = older.at(-1)?.[0];
    if (newest === undefined || older.length < 2) return {};
    cluster.queued = cluster.template;
    cluster.template = newest;
    cluster.generation += 1;
    yield 'wrote';
  }
  const finishing = cluster.template;
  yield* resume(cluster, finishing);
  const queued = cluster.queued;
  cluster.queued = undefined;
  if (cluster.exists && cluster.template === finishing && queued !== undefined) {
    cluster.template = queued;
    cluster.held = true;
    cluster.generation += 1;
  }
  yield 'wrote';
  return {};
}

/** Takes the hold off and lets the workload roll, until it has or another version is in its template. */
function* resume(cluster: Cluster, expected: string): Generator<Progress, void, void> {
  while (cluster.exists && cluster.template === expected && (cluster.held || !cluster.rolled)) {
    if (cluster.held) {
      cluster.held = false;
      cluster.generation += 1;
      yield 'wrote';
    } else yield 'waits';
  }
}

function* setPaused(cluster: Cluster, paused: boolean): Work {
  cluster.rollout = { ...cluster.rollout, paused, generation: cluster.rollout.generation + 1 };
  yield 'wrote';
  return {};
}

function* finalise(
  cluster: Cluster,
  { reason, step }: Extract<Action, { do: 'finalise' }>,
  state: ReleaseState,
  facts: Facts,
): Work {
  const { plan, stable } = state;
  if (plan === undefined) return {};
  const own = state.revision === '' ? (facts.workload?.revision ?? '') : state.revision;
  const expected = promotes(reason) ? own : (stable?.revision ?? own);
  switch (step) {
    case 'restoreStableService':
      cluster.pin = undefined;
      break;
    case 'routeToStable':
      cluster.sent = undefined;
      break;
    case 'removeCanaryService':
      cluster.canaryService = undefined;
      break;
    case 'putBack':
      if (stable !== undefined && cluster.exists && cluster.template !== stable.revision) {
        cluster.template = stable.revision;
        cluster.generation += 1;
      }
      break;
    case 'resumeWorkload':
      yield* resume(cluster, expected);
      return {};
    case 'releaseWorkload':
      cluster.canaries.clear();
      break;
  }
  yield 'wrote';
  return {};
}
