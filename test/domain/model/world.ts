/** A cluster with its Rollout, the watcher that begins releases in it, and what must hold of them at every moment. */
import type { Command, CommandName } from '../../../domain/commands.ts';
import { type Decided, decide, sameAction, takenIn } from '../../../domain/decide.ts';
import { promotes } from '../../../domain/finalise.ts';
import { type Plan, podsFor, type Step } from '../../../domain/plan.ts';
import type { Facts, ReleaseState } from '../../../domain/release.ts';
import type { Outcome } from '../../../domain/view.ts';
import { Cluster, nothingSent } from './cluster.ts';
import { sentBy } from './hands.ts';
import { Run, type Turn } from './run.ts';

export class World {
  readonly cluster: Cluster;
  run: Run | undefined;
  now = 1_700_000_000_000;
  readonly outcomes: Outcome[] = [];
  /** The watcher has something to tell. */
  news = false;
  /** Somebody's hands are in what the release made: what it left is not there for the moment. */
  meddled = false;
  /** Approvals that were accepted, by jump or edit that they were given after, step and revision. */
  readonly #approvals = new Set<string>();
  #epoch = 0;
  #promoting = false;
  /** The version whose release was aborted, until somebody asks for it again. */
  #aborted: string | undefined;
  #lastTurn: Turn = 'went on';

  constructor(replicas: number, plan: Plan) {
    this.cluster = new Cluster(replicas, plan);
  }

  /** Gives the release turns, as many as it can use of `turns`. */
  turns(turns: number, late = false): void {
    for (let turn = 0; turn < turns; turn += 1) {
      if (this.run === undefined) return;
      this.run.now = this.now;
      const sent = this.cluster.sent;
      this.#lastTurn = this.run.turn(late);
      if (this.cluster.sent !== sent) this.#checkSent(this.run);
      this.check();
      if (this.#lastTurn === 'restarts') this.#begin();
      else if (this.#lastTurn === 'ended') this.#end(this.run);
      else if (this.#lastTurn === 'waits') {
        this.#checkWaiting(this.run);
        return;
      }
    }
  }

  /** The watcher tells a release to look, or begins one. */
  deliver(): void {
    const { held, rollout } = this.cluster;
    this.news = false;
    if (this.run !== undefined) this.run.stale = true;
    else if (held || rollout.phase === 'Progressing' || rollout.phase === 'Disabling') this.#begin();
    else if (rollout.deleting) rollout.there = false;
  }

  publish(version: string): void {
    if (this.cluster.template !== version) this.#aborted = undefined;
    this.cluster.publish(version);
  }

  command(name: CommandName, wish: Partial<Command> = {}): void {
    const { run } = this;
    if (run?.facts === undefined) return;
    const { step, revision, stage } = run.state;
    const answered = run.command(name, wish);
    if (answered === undefined || 'refusal' in answered) return;
    expectThat(wish.step === undefined || wish.step === step, 'a command for another step was taken');
    expectThat(wish.revision === undefined || wish.revision === revision, 'a command for another revision was taken');
    if (name === 'approve') this.#approvals.add(this.#key(step, revision));
    if (name === 'abort') this.#aborted = revision;
    if (name === 'retry' || name === 'undo') this.#aborted = undefined;
    if (name === 'jump' || (name === 'retry' && stage === 'Rolling')) this.#epoch += 1;
  }

  get waits(): boolean {
    return this.run === undefined || this.#lastTurn === 'waits';
  }

  #begin(): void {
    this.run = new Run(this.cluster, this.now);
    this.#promoting = false;
    this.#epoch += 1;
    this.#lastTurn = 'went on';
    this.run.onDecided = (before, decided, facts) => this.#checkDecided(before, decided, facts);
  }

  #end(run: Run): void {
    const { cluster } = this;
    this.run = undefined;
    this.outcomes.push(run.outcome as Outcome);
    if (run.outcome === 'NothingToDo') return;
    cluster.rollout.phase = cluster.rollout.disabled ? 'Disabled' : 'Healthy';
    if (cluster.rollout.deleting) cluster.rollout.there = false;
    const { pin, canaryService, sent, canaries } = cluster;
    expectThat(
      pin === undefined && canaryService === undefined && sent === undefined && canaries.size === 0,
      `${run.outcome} left something: ${JSON.stringify({ pin, canaryService, sent, canaries: [...canaries] })}`,
    );
    // What is known may be older than what somebody has published meanwhile: then the watcher has news.
    expectThat(!cluster.held || this.news, `${run.outcome} left the workload held`);
  }

  #key(step: number, revision: string): string {
    return `${this.#epoch}/${step}/${revision}`;
  }

  #checkDecided(before: ReleaseState, decided: Decided, facts: Facts): void {
    const { state, action } = decided;
    const again = decide(state, takenIn(facts, decided), this.now);
    expectThat(sameAction(again.action, action), `${say(action)} became ${say(again.action)} without any news`);
    expectThat(
      say({ ...again.state, driftTaken: undefined }) === say({ ...state, driftTaken: undefined }),
      `the state changes without any news: ${say(state)} → ${say(again.state)}`,
    );
    if (before.stage === 'Aborted' && state.finalise !== undefined)
      expectThat(!promotes(state.finalise.reason), `an aborted release is promoted: ${state.finalise.reason}`);
    if (state.finalise !== undefined && promotes(state.finalise.reason)) this.#promoting = true;
    if (facts.input?.approve === before.step && before.stage === 'Rolling')
      this.#approvals.add(this.#key(before.step, before.revision));
    const edited = before.plan?.hash !== state.plan?.hash;
    if (before.stage === 'Rolling') this.#checkLeft(before, state, facts, edited);
    if (edited || facts.input?.jump !== undefined) this.#epoch += 1;
  }

  /** A step with a pause for approval is left by its own approval, or by a jump. */
  #checkLeft(before: ReleaseState, state: ReleaseState, facts: Facts, edited: boolean): void {
    const steps = (before.plan as Plan).steps;
    const left = state.step === before.step + 1 || state.finalise?.reason === 'Success';
    if (!left || edited || facts.input?.jump !== undefined) return;
    const step = steps[before.step - 1] as Step;
    if (step.pause.kind === 'timed' || (before.step === steps.length && step.replicas === '100%')) return;
    expectThat(this.#approvals.has(this.#key(before.step, before.revision)), `step ${before.step} was left unapproved`);
  }

  /** When requests begin to go to the new version, the pods of its step are ready. */
  #checkSent(run: Run): void {
    const { sent, canaries } = this.cluster;
    if (sent === undefined || (sent.share === 0 && !sent.matches)) return;
    const step = run.state.plan?.steps[run.state.step - 1] as Step;
    const ready = canaries.get(run.state.revision)?.ready ?? 0;
    const wanted = Math.max(1, podsFor(step.replicas, run.replicas));
    const late = run.action.do === 'route' && run.action.step !== run.state.step;
    expectThat(late || ready >= wanted, `${say(sent)} with ${ready} of ${wanted} pods ready: ${say(run.state)}`);
  }

  /** A release that waits, and has seen all there is to see, has its requests where they can be answered. */
  #checkWaiting({ state, action, stale }: Run): void {
    const { cluster, news } = this;
    if (stale || news || state.stage !== 'Rolling') return;
    const ready = cluster.canaries.get(state.revision)?.ready ?? 0;
    // On its way, and paused there, nobody looks for pods; routes under change wait for theirs.
    const looks = action.do === 'upgrade' || (state.stepState === 'StepPaused' && action.do !== 'route');
    expectThat(!looks || ready > 0 || !cluster.sendsTo(state.revision), `requests without pods: ${say(state)}`);
    if (action.do !== 'wait' || state.stepState !== 'StepPaused' || cluster.replicas === 0) return;
    const asked = (state.plan?.routings.length ?? 0) > 0 ? sentBy(state, state.step) : nothingSent;
    const paused = action.for === 'resume';
    expectThat(paused || say(cluster.sent ?? nothingSent) === say(asked), `not the step's requests: ${say(state)}`);
  }

  check(): void {
    const { run, cluster } = this;
    if (this.#aborted !== undefined)
      expectThat(cluster.native.get(this.#aborted) === undefined, `the aborted ${this.#aborted} is promoted`);
    if (run === undefined || run.facts === undefined || !cluster.exists || this.meddled) return;
    const { stage, stable, revision, plan, finalise, upgraded, step } = run.state;
    expectThat(
      stage === 'Finalising' ? finalise !== undefined : finalise === undefined,
      `stage ${stage}: ${say(finalise)}`,
    );
    expectThat(step >= 1 && (plan === undefined || step <= plan.steps.length), `step ${step}`);
    const canary = cluster.canaries.get(revision);
    if (!this.#promoting && canary !== undefined && (plan?.routings.length ?? 0) > 0 && stable !== undefined)
      expectThat(cluster.pin === stable.podTemplateHash, `new pods get requests of the stable Service in ${stage}`);
    if (stage === 'Rolling' || stage === 'Aborted') {
      expectThat(cluster.held, `the workload is let loose in ${stage}`);
      const least = Math.min(upgraded, run.known.workload?.replicas ?? 0, cluster.replicas);
      expectThat(
        stage === 'Aborted' || canary === undefined || canary.desired >= least,
        `new pods were taken away: ${least}`,
      );
    }
    if (stage === 'Aborted')
      expectThat(cluster.canaries.size === 0 && cluster.pin === undefined, 'an abort left something');
  }
}

export function expectThat(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

function say(value: unknown): string {
  return JSON.stringify(value);
}
