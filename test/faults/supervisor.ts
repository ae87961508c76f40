/** Keeps a worker running, as systemd or a kubelet does: when it dies it is started again, at once. */
import { startWorker, type WorkerProcess, type WorkerSettings } from '../support/worker.ts';

/** A start that fails this often in a row is no accident. */
const tries = 3;

export class Supervised {
  readonly #settings: WorkerSettings;
  #wanted = true;
  #deaths = 0;
  #past = '';
  #current: Promise<WorkerProcess>;
  #live: WorkerProcess | undefined;

  private constructor(settings: WorkerSettings) {
    this.#settings = settings;
    this.#current = this.#start();
  }

  static async start(settings: WorkerSettings): Promise<Supervised> {
    const supervised = new Supervised(settings);
    await supervised.running();
    return supervised;
  }

  /** How often it was killed or ended by itself. */
  get deaths(): number {
    return this.#deaths;
  }

  /** What all its processes have written. */
  get output(): string {
    return this.#past + (this.#live?.output() ?? '');
  }

  /** The process that runs now, once it is ready. */
  running(): Promise<WorkerProcess> {
    return this.#current;
  }

  /** SIGKILL; it is started again, and this resolves when it is ready. */
  async kill(): Promise<void> {
    await (await this.#current).kill();
    await this.#current;
  }

  /** SIGKILL, and it stays down until `resume`. */
  async hold(): Promise<void> {
    this.#wanted = false;
    await (await this.#current).kill();
  }

  async resume(): Promise<void> {
    this.#wanted = true;
    this.#current = this.#start();
    await this.#current;
  }

  /** Ends it with SIGTERM and waits for its end; the exit code. */
  async stop(): Promise<number | null> {
    const worker = await this.#current;
    this.#wanted = false;
    return worker.stop();
  }

  async #start(): Promise<WorkerProcess> {
    let failure: unknown;
    for (let attempt = 0; attempt < tries; attempt += 1) {
      try {
        const worker = await startWorker(this.#settings);
        this.#live = worker;
        worker.child.once('exit', () => this.#ended(worker));
        return worker;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  #ended(worker: WorkerProcess): void {
    this.#past += worker.output();
    this.#live = undefined;
    if (!this.#wanted) return;
    this.#deaths += 1;
    this.#current = this.#start();
    // A start that fails for good is told to whoever asks for the running process.
    this.#current.catch(() => {});
  }
}
