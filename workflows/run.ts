/** What one run of the release workflow holds: its state, what was seen last, and what is asked of it. */

import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  type ApplicationFailure,
  isCancellation,
  setCurrentDetails,
  setDefaultSignalHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ProjectRequest } from '../activities/project.ts';
import { type Action, type Decided, takenIn } from '../domain/decide.ts';
import { describe } from '../domain/describe.ts';
import type { Projected, Wish } from '../domain/input.ts';
import { present, timestamp } from '../domain/present.ts';
import { type Facts, newRelease, type ReleaseState, withDecision } from '../domain/release.ts';
import { statusOf, type WantedStatus } from '../domain/status.ts';
import type { Outcome, ReleaseView } from '../domain/view.ts';
import { viewOf } from '../domain/view-of.ts';
import { look, project } from './activities.ts';
import { expectedOf } from './execute.ts';
import { type Nudge, type ReleaseInput, type StartRequest, searchAttributes, type Target } from './messages.ts';
import { insist, rootMessage } from './refused.ts';

const keys = {
  target: defineSearchAttributeKey(searchAttributes.target, SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey(searchAttributes.phase, SearchAttributeType.KEYWORD),
  revision: defineSearchAttributeKey(searchAttributes.revision, SearchAttributeType.KEYWORD),
  step: defineSearchAttributeKey(searchAttributes.step, SearchAttributeType.INT),
};

export class Run {
  readonly target: Target;
  readonly label: string;
  state: ReleaseState;
  facts: Facts | undefined;
  action: Action = { do: 'wait', for: 'nothing' };
  /** Someone says the cluster has changed. */
  stale = false;
  /** Decisions made so far. */
  rounds = 0;
  /** Grows with everything but looks that may change a decision: commands, observations, requests. */
  version = 0;
  request: StartRequest | undefined;
  taken: StartRequest | undefined;
  refusal: ApplicationFailure | undefined;
  outcome: Outcome | undefined;
  ended = false;
  /** The plan a client gave, this run's or an earlier one's. */
  readonly #plan: ReleaseInput['plan'];
  #atLeast: Nudge = {};
  #projected: Projected | undefined;
  #taken: Wish | undefined;
  #written = '';
  #indexed = '';

  constructor(input: ReleaseInput) {
    this.target = { cluster: input.cluster, namespace: input.namespace, name: input.name };
    this.label = `${input.namespace}/${input.name}`;
    this.#plan = input.plan;
    this.state = newRelease(Date.now());
    setDefaultSignalHandler(() => {});
  }

  /** What is known of the cluster; before the first look there is nothing to ask for it. */
  get known(): Facts {
    if (this.facts === undefined) throw new Error('the release has not looked yet');
    return this.facts;
  }

  changed(): void {
    this.version += 1;
  }

  nudge(nudge: Nudge | undefined): void {
    this.stale = true;
    this.#atLeast = { ...this.#atLeast, ...nudge };
  }

  /** Looks at the cluster; while it refuses to be looked at, that is shown, and tried again. */
  async look(): Promise<Facts> {
    let refused = false;
    const facts = await insist(
      () => this.#see(),
      (message) => {
        refused = true;
        this.state = { ...this.state, blocked: message };
        setCurrentDetails(describe(this.view()));
      },
      () => this.stale,
    );
    if (refused) this.state = withoutBlock(this.state);
    return facts;
  }

  async #see(): Promise<Facts> {
    this.stale = false;
    const atLeast = this.#atLeast;
    this.#atLeast = {};
    const plan = this.request?.plan ?? this.#plan;
    const expected = expectedOf(this.state);
    this.facts = await look({
      namespace: this.target.namespace,
      name: this.target.name,
      atLeast,
      checking: this.state.stage === 'Initializing',
      ...(plan === undefined ? {} : { plan }),
      ...(this.state.plan === undefined ? {} : { begun: this.state.plan }),
      ...(this.#projected === undefined ? {} : { projected: this.#projected }),
      ...(this.#taken === undefined ? {} : { taken: this.#taken }),
      ...(expected === undefined ? {} : { expected }),
    });
    return this.facts;
  }

  /** Takes up a decision; wishes from the object's status have had their effect with it. */
  decided(decided: Decided): void {
    const { state, action } = decided;
    const { input } = this.known;
    const from = this.state;
    this.rounds += 1;
    this.state = state;
    this.action = action;
    this.facts = takenIn(this.known, decided);
    if (input === undefined) return;
    const { by, ...wish } = input;
    this.#taken = wish;
    this.#written = '';
    const what = wish.jump === undefined ? `approved step ${wish.approve}` : `jumped to step ${wish.jump}`;
    // On the record it is of the step it was meant for, which it may have left.
    const { decisions } = withDecision(from, { at: timestamp(Date.now()), what, by, via: 'kubectl' });
    this.state = { ...state, decisions };
  }

  /**
   * Shows the release: on its Rollout's status, in Temporal's UI, in the search attributes. True when a wish was found
   * in the status that has to be decided on first.
   */
  async show(): Promise<boolean> {
    const request = this.showing();
    if (request === undefined) return false;
    try {
      return this.shown(request, await project(request));
    } catch (error) {
      if (isCancellation(error)) throw error;
      // The status cannot be written: Temporal's UI and the clients say why, and the next change tries again.
      this.state = { ...this.state, blocked: rootMessage(error) };
      setCurrentDetails(describe(this.view()));
      return false;
    }
  }

  /**
   * What is to be written to the Rollout's status now, undefined when it stands there already. For activities that write
   * it while they work; what they find is taken in by `shown`.
   */
  showing(): ProjectRequest | undefined {
    const shown = present(this.state, this.known, this.action);
    setCurrentDetails(describe(this.view()));
    this.index(shown.reason);
    if (!this.known.attached) return undefined;
    const status = statusOf(this.state, this.known, shown);
    if (textOf(status) === this.#written) return undefined;
    const { namespace, name } = this.target;
    return {
      namespace,
      name,
      status,
      ...(this.#projected === undefined ? {} : { projected: this.#projected }),
      ...(this.#taken === undefined ? {} : { taken: this.#taken }),
    };
  }

  /** True when `input`, a wish, was found where the status should have been written. */
  shown({ status }: ProjectRequest, input: Facts['input']): boolean {
    if (input !== undefined && this.facts !== undefined) {
      this.facts = { ...this.facts, input };
      this.changed();
      return true;
    }
    this.#written = textOf(status);
    this.#taken = undefined;
    this.#projected = {
      step: status.currentStepIndex,
      steps: this.state.plan?.steps.length ?? 0,
      state: status.currentStepState,
      revision: String(status.canaryStatus?.canaryRevision ?? ''),
    };
    return false;
  }

  index(phase: string): void {
    const { step, revision } = this.state;
    const text = `${phase}/${revision}/${step}`;
    if (text === this.#indexed) return;
    const first = this.#indexed === '';
    this.#indexed = text;
    upsertSearchAttributes([
      ...(first ? [{ key: keys.target, value: `${this.target.cluster}/${this.label}` }] : []),
      { key: keys.phase, value: phase },
      { key: keys.revision, value: revision },
      { key: keys.step, value: step },
    ]);
  }

  view(): ReleaseView {
    const { workflowId, runId, startTime } = workflowInfo();
    return viewOf(this.state, this.facts, this.action, {
      ...this.target,
      workflowId,
      runId,
      startedAt: startTime.toISOString(),
      ...(this.outcome === undefined ? {} : { outcome: this.outcome }),
    });
  }

  /** Milliseconds until the action counts as failing for want of progress; undefined when it cannot. */
  deadline(action: Action): number | undefined {
    if (action.do !== 'upgrade' || this.state.failing) return undefined;
    const limit = (this.known.workload?.progressDeadlineSeconds ?? 600) * 1000;
    const left = this.state.progressAt + limit - Date.now();
    return left > 2 ** 31 - 1 ? undefined : Math.max(1, left);
  }

  missedDeadline(): void {
    if (this.deadline(this.action) === 1) this.state = { ...this.state, failing: true };
  }
}

function withoutBlock({ blocked: _, ...state }: ReleaseState): ReleaseState {
  return state;
}

/** Two statuses of the same text are one: which of the short closing steps is under way is not worth a write. */
function textOf({ canaryStatus, ...status }: WantedStatus): string {
  const { finalisingStep, message, lastUpdateTime, ...rest } = canaryStatus ?? {};
  return JSON.stringify(finalisingStep === '' ? [status, canaryStatus] : [status, rest]);
}
