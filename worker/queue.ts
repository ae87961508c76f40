/** Work by key: one at a time per key, again if it was asked for meanwhile, and again after a while if it failed. */
export class KeyedQueue {
  readonly #work: (key: string) => Promise<void>;
  readonly #failed: (key: string, error: unknown) => void;
  readonly #running = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #retries = new Map<string, { timer: NodeJS.Timeout; tries: number }>();
  readonly #later = new Map<string, NodeJS.Timeout>();
  #closed = false;

  constructor(work: (key: string) => Promise<void>, failed: (key: string, error: unknown) => void) {
    this.#work = work;
    this.#failed = failed;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#running.has(key)) {
      this.#again.add(key);
      return;
    }
    const run = this.#run(key).finally(() => {
      this.#running.delete(key);
      if (this.#again.delete(key)) this.add(key);
    });
    this.#running.set(key, run);
  }

  /** Adds the key after so many ms, unless it waits for that already. */
  addLater(key: string, ms: number): void {
    if (this.#closed || this.#later.has(key)) return;
    const come = () => {
      this.#later.delete(key);
      this.add(key);
    };
    this.#later.set(key, setTimeout(come, ms));
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#later.values()) clearTimeout(timer);
    for (const { timer } of this.#retries.values()) clearTimeout(timer);
    await Promise.all(this.#running.values());
  }

  async #run(key: string): Promise<void> {
    try {
      await this.#work(key);
      clearTimeout(this.#retries.get(key)?.timer);
      this.#retries.delete(key);
    } catch (error) {
      this.#failed(key, error);
      const before = this.#retries.get(key);
      clearTimeout(before?.timer);
      const tries = (before?.tries ?? 0) + 1;
      const delay = Math.min(30_000, 100 * 2 ** tries) * (0.5 + Math.random());
      const timer = setTimeout(() => this.add(key), delay);
      this.#retries.set(key, { timer, tries });
    }
  }
}
