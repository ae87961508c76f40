/** A worker with the real workflow code and simulated activities, and one release on it. */
import type { WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { type Connected, connect } from '../../client/index.ts';
import type { Command, CommandName } from '../../domain/commands.ts';
import type { Plan } from '../../domain/plan.ts';
import { type ReleaseResult, type ReleaseView, workflowIdOf } from '../../domain/view.ts';
import { registerSearchAttributes } from '../../worker/attributes.ts';
import { workflowBundle } from '../../worker/bundle.ts';
import type { release } from '../../workflows/index.ts';
import { nudgeSignal, releaseWorkflow, signals, statusQuery, updates } from '../../workflows/messages.ts';
import { uniqueName } from '../support/cluster.ts';
import { eventually } from '../support/wait.ts';
import { Simulated } from './simulated.ts';

export type Way = 'update' | 'signal';

/** Temporal, a worker's means, and what is started on them. */
export class Stage {
  readonly connected: Connected;
  readonly #native: NativeConnection;
  readonly #codePath: string;
  readonly #acts: Act[] = [];

  private constructor(connected: Connected, native: NativeConnection, codePath: string) {
    this.connected = connected;
    this.#native = native;
    this.#codePath = codePath;
  }

  static async open(): Promise<Stage> {
    const filter = makeTelemetryFilterString({ core: 'ERROR' });
    Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
    const connected = await connect();
    await registerSearchAttributes(connected.connection, connected.temporalNamespace);
    const native = await NativeConnection.connect({ address: connected.address });
    return new Stage(connected, native, (await workflowBundle()).codePath);
  }

  /** A workload, its worker and its target; nothing is released yet. `cached` 0: every task replays the whole history. */
  async act(plan: Plan, cached = 0): Promise<Act> {
    const act = new Act(this.connected, new Simulated(this.connected.client, plan), (queue, activities) =>
      Worker.create({
        connection: this.#native,
        namespace: this.connected.temporalNamespace,
        taskQueue: queue,
        workflowBundle: { codePath: this.#codePath },
        activities,
        maxCachedWorkflows: cached,
        shutdownGraceTime: '1 second',
        maxHeartbeatThrottleInterval: '1 second',
      }),
    );
    await act.startWorker();
    this.#acts.push(act);
    return act;
  }

  /** Does the workflow's code do again what every release here has done? Throws where it does not. */
  async replayAll(): Promise<number> {
    let replayed = 0;
    for (const act of this.#acts)
      for (const { history, workflowId } of await act.histories()) {
        await Worker.runReplayHistory({ workflowBundle: { codePath: this.#codePath } }, history, workflowId);
        replayed += 1;
      }
    return replayed;
  }

  async close(): Promise<void> {
    for (const act of this.#acts) await act.close();
    await this.#native.close();
    await this.connected.close();
  }
}

type MakeWorker = (queue: string, activities: object) => Promise<Worker>;

export class Act {
  readonly sim: Simulated;
  readonly name = uniqueName('simulated');
  readonly #connected: Connected;
  readonly #make: MakeWorker;
  #worker: { worker: Worker; running: Promise<void> } | undefined;

  constructor(connected: Connected, sim: Simulated, make: MakeWorker) {
    this.#connected = connected;
    this.sim = sim;
    this.#make = make;
  }

  async startWorker(): Promise<void> {
    const worker = await this.#make(this.name, this.sim.activities);
    this.#worker = { worker, running: worker.run() };
  }

  async stopWorker(): Promise<void> {
    const current = this.#worker;
    this.#worker = undefined;
    current?.worker.shutdown();
    await current?.running;
  }

  get target() {
    return { cluster: 'simulated', namespace: 'none', name: this.name };
  }

  get handle(): WorkflowHandle<typeof release> {
    return this.#connected.client.workflow.getHandle<typeof release>(workflowIdOf(this.target));
  }

  /** The watcher's word, which begins a release where there is none. */
  async nudge(): Promise<void> {
    await this.#connected.client.workflow.signalWithStart(releaseWorkflow, {
      workflowId: workflowIdOf(this.target),
      taskQueue: this.name,
      // Without a cache the SDK loses a task now and then that comes while the one before is being forgotten.
      workflowTaskTimeout: '3 seconds',
      args: [this.target],
      signal: nudgeSignal,
      signalArgs: [{}],
    });
  }

  async publish(version: string): Promise<void> {
    this.sim.cluster.publish(version);
    await this.nudge();
  }

  view(): Promise<ReleaseView> {
    return this.handle.query(statusQuery);
  }

  async until(what: string, test: (view: ReleaseView) => boolean): Promise<ReleaseView> {
    let seen: ReleaseView | undefined;
    return eventually(
      what,
      async () => {
        // Not all the time: where nothing is cached, every question costs a whole replay.
        if (seen !== undefined) await new Promise((resolve) => setTimeout(resolve, 150));
        seen = await this.view();
        return test(seen) && seen;
      },
      { seen: () => [seen?.message, seen?.stepState, seen?.step, this.sim.calls.slice(-5)] },
    );
  }

  paused(step: number): Promise<ReleaseView> {
    return this.until(`a pause at step ${step}`, (view) => view.step === step && view.stepState === 'StepPaused');
  }

  /** Gives a command. A bare signal says nothing at all, but for a jump's destination. */
  async tell(name: CommandName, way: Way = 'update', more: Partial<Command> = {}): Promise<string> {
    if (way === 'update') {
      const { message } = await this.handle.executeUpdate(updates[name], {
        args: [{ by: 'mara', via: 'api', ...more }],
      });
      return message;
    }
    const { to } = more;
    await this.handle.signal(signals[name], ...(to === undefined ? [] : [{ to } as unknown as Command]));
    return '';
  }

  /** The code of the refusal that a command gets. */
  async refusal(name: CommandName, more: Partial<Command> = {}): Promise<string> {
    try {
      return `taken: ${await this.tell(name, 'update', more)}`;
    } catch (error) {
      return (error as { cause?: { type?: string } }).cause?.type ?? String(error);
    }
  }

  result(): Promise<ReleaseResult> {
    return this.handle.result();
  }

  /** Events of the newest run, by type. */
  async events(): Promise<string[]> {
    const { events } = await this.handle.fetchHistory();
    return (events ?? []).map((event) => Object.keys(event).find((key) => key.endsWith('EventAttributes')) ?? '');
  }

  /** Histories of all its runs. */
  async histories() {
    const workflowId = workflowIdOf(this.target);
    const runs = [];
    for await (const { runId } of this.#connected.client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
      runs.push({
        workflowId,
        history: await this.#connected.client.workflow.getHandle(workflowId, runId).fetchHistory(),
      });
    return runs;
  }

  async close(): Promise<void> {
    await this.handle.terminate('the test is over').catch(() => undefined);
    await this.stopWorker();
  }
}
