/** One release workflow over the model of a cluster: look, decide, act, as workflows/release.ts and run.ts do it. */
import { command } from '../../../domain/command.ts';
import type { Command, CommandName } from '../../../domain/commands.ts';
import { type Action, type Decided, decide, outdates, sameAction, takenIn } from '../../../domain/decide.ts';
import { type Brought, done, seenAfter } from '../../../domain/done.ts';
import { type Projected, type Wish, wishIn } from '../../../domain/input.ts';
import { present } from '../../../domain/present.ts';
import { type Facts, newRelease, type ReleaseState } from '../../../domain/release.ts';
import { statusOf } from '../../../domain/status.ts';
import type { Outcome } from '../../../domain/view.ts';
import { type Cluster, versionOf } from './cluster.ts';
import { carryOut, sentBy, type Work } from './hands.ts';

/** What the release did with its turn. `waits`: nothing until something changes. */
export type Turn = 'went on' | 'waits' | 'restarts' | 'ended';

export class Run {
  readonly cluster: Cluster;
  now: number;
  state: ReleaseState;
  facts: Facts | undefined;
  action: Action = { do: 'wait', for: 'nothing' };
  outcome: Outcome | undefined;
  stale = true;
  /** Pods of the workload as they were known when the action was taken. */
  replicas = 0;
  /** Told of every decision that is taken up, with the state before it. */
  onDecided: (before: ReleaseState, decided: Decided, facts: Facts) => void = () => {};
  #work: Work | undefined;
  #projected: Projected | undefined;
  #taken: Wish | undefined;

  constructor(cluster: Cluster, now: number) {
    this.cluster = cluster;
    this.now = now;
    this.state = newRelease(now);
  }

  get known(): Facts {
    if (this.facts === undefined) throw new Error('the release has not looked yet');
    return this.facts;
  }

  command(name: CommandName, wish: Partial<Command> = {}): ReturnType<typeof command> | undefined {
    if (this.facts === undefined) return undefined;
    const given: Command = { by: 'tess', via: 'cli', ...wish };
    const commanded = command(name, given, this.state, this.facts, this.action, this.now);
    if (!('refusal' in commanded)) this.state = commanded.state;
    return commanded;
  }

  /** One write, one decision, or one action given up. `late`: an action given up is finished all the same. */
  turn(late = false): Turn {
    if (this.outcome !== undefined) return 'ended';
    if (this.#work === undefined) return this.#choose();
    if (this.stale) this.look();
    if (!sameAction(decide(this.state, this.known, this.now).action, this.action)) {
      this.#giveUp(late);
      return 'went on';
    }
    const { done: finished, value } = this.#work.next();
    if (!finished) return value === 'waits' && !this.#observe() ? 'waits' : 'went on';
    this.#work = undefined;
    this.#done(value);
    return 'went on';
  }

  /** An activity that waits for pods tells of them; true when that is news. */
  #observe(): boolean {
    if (this.action.do !== 'upgrade') return false;
    const { desired: updated, ready } = this.cluster.canaries.get(this.state.revision) ?? { desired: 0, ready: 0 };
    const { observation } = this.state;
    if (observation?.ready === ready && observation.updated === updated) return false;
    this.state = { ...this.state, observation: { ready, updated, problem: '', since: this.now } };
    return true;
  }

  /** The worker dies: what it was at begins again, and nothing is remembered but the state. */
  crash(): void {
    if (this.#work !== undefined) this.#work = carryOut(this.cluster, this.action, this.state, this.known);
  }

  /** Commands and signals may arrive together with the end of an action: they are taken before it. */
  finishNow(): void {
    if (this.#work !== undefined) this.#giveUp(true);
  }

  look(): void {
    this.stale = false;
    this.facts = factsOf(this.cluster, this.state, this.#projected, this.#taken);
  }

  #choose(): Turn {
    if (this.stale || this.facts === undefined) this.look();
    const before = this.state;
    const facts = this.known;
    const decided = decide(before, facts, this.now);
    this.state = decided.state;
    this.action = decided.action;
    this.facts = takenIn(facts, decided);
    if (facts.input !== undefined) {
      const { by: _, ...wish } = facts.input;
      this.#taken = wish;
    }
    this.onDecided(before, decided, facts);
    const { action } = decided;
    if (action.do === 'end') {
      this.outcome = action.outcome;
      return 'ended';
    }
    if (action.do === 'restart') return 'restarts';
    if (this.#show()) return 'went on';
    if (action.do === 'wait') return 'waits';
    this.replicas = this.known.workload?.replicas ?? 0;
    this.#work = carryOut(this.cluster, action, this.state, this.known);
    return 'went on';
  }

  #giveUp(late: boolean): void {
    const work = this.#work as Work;
    this.#work = undefined;
    if (!late) return;
    for (;;) {
      const { done: finished, value } = work.next();
      if (!finished && value === 'waits') return;
      if (!finished) continue;
      const { action, state } = this;
      const same = action.do === 'finalise' ? state.finalise?.reason === action.reason : state.finalise === undefined;
      if (same) this.#done(value);
      return;
    }
  }

  #done(brought: Brought): void {
    this.state = done(this.state, this.action, brought, this.now);
    this.facts = seenAfter(this.known, this.action, brought);
    if (outdates(this.action)) this.stale = true;
  }

  /** Writes the status unless there is a wish in it: then that has to be decided on first. */
  #show(): boolean {
    if (!this.known.attached) return false;
    const shown = statusOf(this.state, this.known, present(this.state, this.known, this.action));
    const wish = wishIn(this.cluster.status, this.#projected, this.#taken);
    if (wish !== undefined) {
      this.facts = { ...this.known, input: { ...wish, by: 'kubectl' } };
      return true;
    }
    this.cluster.status = { canaryStatus: { ...shown.canaryStatus } };
    this.cluster.rollout.phase = shown.phase;
    this.#taken = undefined;
    const { step, plan, revision } = this.state;
    this.#projected = { step, steps: plan?.steps.length ?? 0, state: shown.currentStepState, revision };
    return false;
  }
}

/** What a look at the model shows. */
export function factsOf(cluster: Cluster, state: ReleaseState, projected?: Projected, taken?: Wish): Facts {
  const { rollout, template, replicas, held } = cluster;
  const older = [...cluster.native].filter(([version, { pods }]) => version !== template && pods > 0);
  const current = (cluster.native.get(template)?.pods ?? 0) > 0;
  const arrived = state.stepState === 'StepMetricsAnalysis' || state.stepState === 'StepPaused';
  const expected = state.stage === 'Rolling' && arrived ? state : undefined;
  const revision = expected?.revision ?? template;
  const canary = cluster.canaries.get(revision);
  const wish = rollout.there ? wishIn(cluster.status, projected, taken) : undefined;
  return {
    plan: cluster.plan,
    problems: [],
    switches: { paused: rollout.paused, disabled: rollout.disabled, deleting: rollout.deleting },
    attached: rollout.there,
    shownPhase: rollout.phase,
    generation: rollout.generation,
    ...(cluster.exists
      ? {
          workload: {
            replicas,
            revision: template,
            images: [template],
            held,
            queued: cluster.queued !== undefined,
            generation: cluster.generation,
            progressDeadlineSeconds: 600,
            rolloutId: '',
            older: older.map(([version]) => versionOf(version)),
            ...(current ? { current: versionOf(template) } : {}),
          },
        }
      : {}),
    ...(canary === undefined
      ? {}
      : {
          canary: { name: `echo-${revision}`, desired: canary.desired, updated: canary.desired, ready: canary.ready },
        }),
    drifted: expected !== undefined && drifted(cluster, expected),
    ...(wish === undefined ? {} : { input: { ...wish, by: 'kubectl' } }),
  };
}

/** Is anything not as a waiting release left it, or no pod of the new version ready that is sent requests? */
function drifted(cluster: Cluster, state: ReleaseState): boolean {
  const canary = cluster.canaries.get(state.revision);
  if (canary?.desired !== state.upgraded) return true;
  if ((state.plan?.routings.length ?? 0) === 0) return false;
  if (cluster.pin !== state.stable?.podTemplateHash) return true;
  if (state.routed === 0) return false;
  const asked = sentBy(state, state.routed);
  const same = cluster.sent?.share === asked.share && cluster.sent.matches === asked.matches;
  return !same || cluster.canaryService !== state.podTemplateHash || canary.ready === 0;
}
