/** The typed client: one method for each thing a person or a program can ask of releases. */
import { Client, type ConnectionLike } from '@temporalio/client';
import type { Answer } from '../domain/commands.ts';
import type { ReleaseView } from '../domain/view.ts';
import { defaultTaskQueue } from '../workflows/messages.ts';
import { type CommandOptions, command } from './command.ts';
import type { Context, TargetRef } from './context.ts';
import {
  type HistoryOptions,
  history,
  type ListOptions,
  list,
  type PastRelease,
  type ReleaseRecord,
  record,
} from './list.ts';
import { get, look, type Sighting } from './read.ts';
import { type Started, type StartOptions, start } from './start.ts';
import type { ReleaseSummary } from './summary.ts';
import { type WaitOptions, type WatchOptions, wait, watch } from './watch.ts';

/** Settings of a {@link SluiceClient}. */
export type SluiceClientOptions = {
  /** Which cluster is meant where a target does not say; part of a release's address. Default `default`. */
  readonly cluster?: string;
  /** Task queue of the workers. Default `sluice`. */
  readonly taskQueue?: string;
  /** Temporal namespace, when constructed from a connection. Default `default`. */
  readonly temporalNamespace?: string;
  /** Where commands are said to come from. Default `api`. */
  readonly via?: 'cli' | 'api';
  /** ms. Defaults: 2000 for a worker's answer to a question, 15000 to a command, 5000 for Temporal itself. */
  readonly timeouts?: { readonly query?: number; readonly command?: number; readonly server?: number };
};

/**
 * Releases, from a program:
 *
 *     const { client } = await connect();
 *     const sluice = new SluiceClient(client);
 *     await sluice.start({ namespace: 'default', name: 'echoserver', images: { main: 'echoserver:1.10.3' }, by: 'ci' });
 *     for await (const { view } of sluice.watch({ namespace: 'default', name: 'echoserver' })) console.log(view?.message);
 *
 * Every method throws {@link SluiceError} and nothing else. Holds no connection of its own: close yours.
 */
export class SluiceClient {
  readonly #context: Context;

  constructor(temporal: Client | ConnectionLike, options: SluiceClientOptions = {}) {
    const {
      cluster = 'default',
      taskQueue = defaultTaskQueue,
      temporalNamespace,
      via = 'api',
      timeouts = {},
    } = options;
    const { query = 2000, command: told = 15_000, server = 5000 } = timeouts;
    const client =
      'workflow' in temporal
        ? temporal
        : new Client({ connection: temporal, ...(temporalNamespace && { namespace: temporalNamespace }) });
    this.#context = {
      client,
      cluster,
      taskQueue,
      via,
      queryTimeout: query,
      commandTimeout: told,
      serverTimeout: server,
    };
  }

  /** Starts a release, or gives the one under way another version (`plan` edits included) to release. */
  start(options: StartOptions): Promise<Started> {
    return start(this.#context, options);
  }

  /** Ends the pause of the step the caller sees (or of `step`): the release goes on to the next. */
  approve(target: TargetRef, options: CommandOptions): Promise<Answer> {
    return command(this.#context, 'approve', target, options);
  }

  /** Holds the release where it is, until `resume`. */
  pause(target: TargetRef, options: CommandOptions): Promise<Answer> {
    return command(this.#context, 'pause', target, options);
  }

  /** Lets a paused release go on. */
  resume(target: TargetRef, options: CommandOptions): Promise<Answer> {
    return command(this.#context, 'resume', target, options);
  }

  /** Sends all requests back to the stable version, removes the new pods, and waits for `retry`, `undo` or a new version. */
  abort(target: TargetRef, options: CommandOptions): Promise<Answer> {
    return command(this.#context, 'abort', target, options);
  }

  /** Begins an aborted release again, at its first step. */
  retry(target: TargetRef, options: CommandOptions): Promise<Answer> {
    return command(this.#context, 'retry', target, options);
  }

  /** Rolls back: puts the stable version back into the workload, and ends the release. */
  undo(target: TargetRef, options: CommandOptions): Promise<Answer> {
    return command(this.#context, 'undo', target, options);
  }

  /** Goes to step `to` (1-based), forward or back. */
  jump(target: TargetRef, to: number, options: CommandOptions): Promise<Answer> {
    return command(this.#context, 'jump', target, { ...options, to });
  }

  /** The newest release of the target as its worker tells it. Throws `NoWorker` (with a summary) when none answers. */
  get(target: TargetRef): Promise<ReleaseView> {
    return get(this.#context, target);
  }

  /** Like `get`, but shows what Temporal itself knows when no worker answers, and how an ended release ended. */
  look(target: TargetRef, runId?: string): Promise<Sighting> {
    return look(this.#context, target, runId);
  }

  /** Releases newest first, from search attributes: what happened within the last second or so may not show yet. */
  list(options?: ListOptions): Promise<ReleaseSummary[]> {
    return list(this.#context, options);
  }

  /** All releases of a target that Temporal still keeps, newest first, with how each ended and who decided what. */
  history(target: TargetRef, options?: HistoryOptions): Promise<PastRelease[]> {
    return history(this.#context, target, options);
  }

  /** One release's decisions. `run`: a run ID, the beginning or end of one, or `last`. */
  record(target: TargetRef, run = 'last'): Promise<ReleaseRecord> {
    return record(this.#context, target, run);
  }

  /** The release now, then each time it changed, until it ends. */
  watch(target: TargetRef, options?: WatchOptions): AsyncGenerator<Sighting, void, void> {
    return watch(this.#context, target, options);
  }

  /** Waits until the release has ended, and tells how. Throws `Timeout`. */
  wait(target: TargetRef, options?: WaitOptions): Promise<ReleaseSummary> {
    return wait(this.#context, target, options);
  }
}
