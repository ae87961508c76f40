/** Activities that write something and then watch until it is there: heartbeats, cancellation, and telling people. */
import { Context, heartbeat } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Observation } from '../domain/release.ts';
import { toFailure } from './kube/errors.ts';

/** Ends an activity's wait because the release has other plans now. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Waits under way in this process, by workflow run: a cancellation would reach them only with a heartbeat. */
const waits = new Map<string, Set<AbortController>>();

/** Ends all waits of a workflow run that happen to be in this process. */
export function interrupt(runId: string): void {
  for (const controller of waits.get(runId) ?? []) controller.abort(new Interrupted('the release has other plans now'));
}

export type Waiting = {
  readonly signal: AbortSignal;
  /** Tells the workflow what is seen; called as often as one likes, sent when it says something new, ever more rarely. */
  readonly observe: (observation: Omit<Observation, 'since'>) => void;
};

/**
 * Runs an activity's body with heartbeats and errors mapped for Temporal; `undefined` when it was interrupted.
 */
export async function watching<T>(client: Client, body: (waiting: Waiting) => Promise<T>): Promise<T | undefined> {
  const context = Context.current();
  const { runId, workflowId } = context.info.workflowExecution ?? { runId: '', workflowId: '' };
  const controller = new AbortController();
  const mine = waits.get(runId) ?? new Set();
  waits.set(runId, mine.add(controller));
  const beat = setInterval(() => heartbeat(), 1_000);
  const teller = new Teller((observation) =>
    client.workflow.getHandle(workflowId, runId).signal('observation', observation),
  );
  try {
    const signal = AbortSignal.any([controller.signal, context.cancellationSignal]);
    return await body({ signal, observe: (observation) => teller.hear(observation) });
  } catch (error) {
    if (controller.signal.aborted) return undefined;
    context.cancellationSignal.throwIfAborted();
    throw toFailure(error);
  } finally {
    clearInterval(beat);
    teller.stop();
    mine.delete(controller);
    if (mine.size === 0) waits.delete(runId);
  }
}

/** Mere progress may wait this long: most pods are ready by then, and there is nothing to tell. */
const calm = 2_000;

/** Passes on what changed: a problem after half a second, progress after two, then with doubling distance up to a minute. */
class Teller {
  readonly #tell: (observation: Observation) => Promise<void>;
  #last = '';
  #since = 0;
  #distance = 500;
  #pending: Observation | undefined;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;

  constructor(tell: (observation: Observation) => Promise<void>) {
    this.#tell = tell;
  }

  hear(observation: Omit<Observation, 'since'>): void {
    const text = JSON.stringify(observation);
    if (text === this.#last) return;
    this.#last = text;
    this.#since = Date.now();
    this.#pending = { ...observation, since: this.#since };
    const due = this.#since + (observation.problem === '' ? Math.max(calm, this.#distance) : this.#distance);
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#send(), due - this.#since);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #send(): void {
    this.#timer = undefined;
    this.#due = Number.POSITIVE_INFINITY;
    const news = this.#pending;
    this.#pending = undefined;
    if (news === undefined) return;
    this.#distance = Math.min(this.#distance * 2, 60_000);
    // What could not be told is told with the next change; the wait itself does not depend on it.
    this.#tell(news).catch(() => {});
  }
}
