/** A release in words: one sentence for kubectl, and what it waits for, since when, what is next and by when. */
import type { Action } from './decide.ts';
import { finaliseSteps, promotes } from './finalise.ts';
import { movesTraffic, type Plan, podsFor, type Step } from './plan.ts';
import { workloadNotFound } from './problems.ts';
import type { Facts, FinaliseReason, ReleaseState } from './release.ts';
import type { Awaited, AwaitedKind, Phase, ProgressingReason, StepState } from './view.ts';

export type Presented = {
  readonly phase: Phase;
  readonly reason: ProgressingReason;
  readonly stepState: StepState;
  readonly message: string;
  readonly awaited: Awaited;
};

/** RFC 3339 without fractions, as Kubernetes writes times. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** How a release that is taking `action` appears. */
export function present(state: ReleaseState, facts: Facts, action: Action): Presented {
  return {
    phase: phaseOf(state),
    reason: reasonOf(state, action),
    stepState: state.stepState,
    message: messageOf(state, facts, action),
    awaited: awaitedOf(state, facts, action),
  };
}

function phaseOf(state: ReleaseState): Phase {
  if (state.finalise?.reason === 'Deleted') return 'Terminating';
  if (state.finalise?.reason === 'Disabled') return 'Disabling';
  return 'Progressing';
}

function reasonOf(state: ReleaseState, action: Action): ProgressingReason {
  if (state.finalise !== undefined) return promotes(state.finalise.reason) ? 'Finalising' : 'Cancelling';
  if (state.stage === 'Aborted') return 'Cancelling';
  if (action.do === 'wait' && action.for === 'resume') return 'Paused';
  return state.stage === 'Initializing' ? 'Initializing' : 'InRolling';
}

function messageOf(state: ReleaseState, facts: Facts, action: Action): string {
  const said = plainMessage(state, facts, action);
  if (state.blocked !== undefined) return `${said}; refused by the cluster, and tried again: ${state.blocked}`;
  // A release under way goes by the last plan that made sense, and says so.
  const ignored = state.stage === 'Rolling' && facts.workload !== undefined && facts.problems.length > 0;
  return ignored ? `${said}; the plan as edited is not followed: ${problemsIn(facts)}` : said;
}

function problemsIn(facts: Facts): string {
  return facts.problems.map((problem) => problem.message).join('; ');
}

const endingMessages: Readonly<Record<FinaliseReason, string>> = {
  Success: 'Rollout has been completed and some closing work is being done',
  WorkloadGone: 'Rollout has been completed and some closing work is being done',
  Rollback: 'The workload has been rolled back and the rollout process will be canceled',
  Supersede: 'Workload is continuous release',
  Abort: 'Rollout is being aborted: all requests go back to the stable version',
  Deleted: 'Rollout is in terminating',
  Disabled: 'Disabling rollout, release resources',
};

function plainMessage(state: ReleaseState, facts: Facts, action: Action): string {
  if (state.finalise !== undefined) {
    const problem = state.observation?.problem ?? '';
    return `${endingMessages[state.finalise.reason]}${problem === '' ? '' : `: ${problem}`}`;
  }
  if (action.do === 'finishOlder') return olderMessage(facts);
  const where = `Rollout is in step(${state.step}/${state.plan?.steps.length ?? 0})`;
  if (action.do === 'wait') return waitMessage(action.for, where, state, facts);
  if (state.stage === 'Initializing') return 'Rollout is in Progressing';
  const trouble = troubleOf(state);
  const because = trouble === '' ? '' : `: ${trouble}`;
  if (action.do === 'route') return `${where}, and route traffic to new version${because}`;
  if (action.do === 'unroute') return `${where}, and route traffic back to the stable version${because}`;
  if (action.do === 'setPaused') return `${where}, and ${action.paused ? 'pause' : 'resume'} the Rollout`;
  return `${where}, and upgrade workload to new version${because}`;
}

function waitMessage(kind: AwaitedKind, where: string, state: ReleaseState, facts: Facts): string {
  const step = state.plan?.steps[state.step - 1];
  switch (kind) {
    case 'approval':
      return `${where}, and you need manually confirm to enter the next step`;
    case 'timer':
      return `${where}, and wait duration(${step?.pause.kind === 'timed' ? step.pause.seconds : 0} seconds) to enter the next step`;
    case 'resume':
      return 'Rollout has been paused, you can resume it by kube-cli';
    case 'decision':
      return 'Rollout has been aborted: all requests go to the stable version, and the workload is held; undo, retry or publish another version';
    case 'fix':
      if (facts.problems.length > 0) return problemsIn(facts);
      return facts.attached
        ? 'The Rollout has no plan that makes sense'
        : 'The Rollout is not there any more: create it again, or undo or abort its release';
    case 'workload':
      return workloadTrouble(facts);
    default:
      return 'Rollout is in Progressing';
  }
}

function olderMessage({ workload }: Facts): string {
  const finishing = workload?.queued === true ? workload.images : (workload?.older.at(-1)?.images ?? []);
  return `An earlier version (${finishing.join(', ')}) is still rolling out: it is finished first, and the new one is held until then`;
}

function workloadTrouble(facts: Facts): string {
  const { workload } = facts;
  if (workload === undefined) return workloadNotFound(facts.plan?.workload);
  return 'Waiting for the workload to have pods of a stable version';
}

/** What is known to be wrong with what is waited for, or nothing. */
function troubleOf(state: ReleaseState): string {
  const problem = state.observation?.problem ?? '';
  return state.failing ? `no progress within progressDeadlineSeconds${problem === '' ? '' : `: ${problem}`}` : problem;
}

function awaitedOf(state: ReleaseState, facts: Facts, action: Action): Awaited {
  const plain = plainAwaited(state, facts, action);
  return state.blocked === undefined ? plain : { ...plain, kind: 'fix', what: state.blocked };
}

function plainAwaited(state: ReleaseState, facts: Facts, action: Action): Awaited {
  const since = timestamp(state.since);
  const step = state.plan?.steps[state.step - 1];
  const trouble = troubleOf(state);
  switch (action.do) {
    case 'upgrade': {
      const ready = state.observation?.ready ?? facts.canary?.ready ?? 0;
      const deadline = state.progressAt + (facts.workload?.progressDeadlineSeconds ?? 600) * 1000;
      return {
        kind: 'pods',
        what: `${action.pods} new ${action.pods === 1 ? 'pod' : 'pods'} ready (now ${ready})${trouble === '' ? '' : `; ${trouble}`}`,
        since,
        next: step === undefined ? 'the next step' : trafficNext(step, state.plan),
        ...by(deadline),
      };
    }
    case 'route':
    case 'unroute': {
      const what = `the routes to be accepted${trouble === '' ? '' : `; ${trouble}`}`;
      return { kind: 'traffic', what, since, next: action.do === 'route' ? pauseNext(step) : 'new pods are awaited' };
    }
    case 'finishOlder':
      return { kind: 'workload', what: olderMessage(facts), since, next: 'the release begins' };
    case 'setPaused': {
      const [noun, next] = action.paused ? ['pause', 'is paused'] : ['end of the pause', 'goes on where it is'];
      return { kind: 'resume', what: `the ${noun} to be written to the Rollout`, since, next: `the release ${next}` };
    }
    case 'finalise': {
      const what = `${finaliseSteps[action.step].says}${trouble === '' ? '' : `; ${trouble}`}`;
      return { kind: 'workload', what, since, next: endNext(action.reason) };
    }
    case 'wait':
      return waiting(action.for, state, facts, action.until);
    case 'restart':
    case 'end':
      return { kind: 'nothing', what: 'nothing', since, next: 'the release ends' };
  }
}

function waiting(kind: AwaitedKind, state: ReleaseState, facts: Facts, until: number | undefined): Awaited {
  const since = timestamp(state.since);
  const next = afterPause(state, facts);
  switch (kind) {
    case 'approval':
      return { kind, what: `approval of step ${state.step}`, since, next };
    case 'timer':
      return {
        kind,
        what: `the pause of step ${state.step}`,
        since,
        next,
        ...by(until),
      };
    case 'resume':
      return {
        kind,
        what: 'the release to be resumed (strategy.paused is true)',
        since,
        next: 'the release goes on where it is',
      };
    case 'decision':
      return { kind, what: 'a decision after the abort: undo, retry, or another version', since, next: 'as decided' };
    case 'fix':
      return {
        kind,
        what: waitMessage(kind, '', state, facts),
        since,
        next: `the release ${state.stage === 'Initializing' ? 'begins' : 'goes on where it is'}`,
      };
    case 'workload':
      return { kind, what: workloadTrouble(facts), since, next: 'the release begins' };
    default:
      return { kind, what: 'nothing', since, next };
  }
}

/** A time that can be written as one: users may ask to wait longer than there are dates. */
function by(milliseconds: number | undefined): { by?: string } {
  return milliseconds !== undefined && milliseconds < 8.64e15 ? { by: timestamp(milliseconds) } : {};
}

function endNext(reason: FinaliseReason): string {
  if (reason === 'Abort') return 'the release waits for a decision';
  return reason === 'Supersede' ? 'the release of the newer version begins' : 'the release ends';
}

function pauseNext(step: Step | undefined): string {
  if (step?.pause.kind !== 'timed') return 'the step waits for its approval';
  return step.pause.seconds === 0 ? 'the step is left' : `the step is left after ${step.pause.seconds} seconds`;
}

function trafficNext(step: Step, plan: Plan | undefined): string {
  if (!movesTraffic(step) || (plan?.routings.length ?? 0) === 0) return pauseNext(step);
  if ((step.matches?.length ?? 0) > 0) return 'matching requests go to the new version';
  return `${step.traffic} % of requests go to the new version`;
}

function afterPause(state: ReleaseState, facts: Facts): string {
  const next = state.plan?.steps[state.step];
  const replicas = facts.workload?.replicas ?? 0;
  if (next === undefined) return `the new version takes over: all ${replicas} pods, all requests`;
  const pods = podsFor(next.replicas, replicas);
  return `step ${state.step + 1}: ${pods} new ${pods === 1 ? 'pod' : 'pods'}, then ${trafficNext(next, state.plan)}`;
}
