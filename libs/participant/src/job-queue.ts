/** Runs jobs side by side, at most so many at a time. A job may add more. After one has failed, none is begun. */
export class JobQueue {
  private readonly running = new Set<Promise<void>>();
  private readonly failures: unknown[] = [];
  private waiting: (() => Promise<void>)[] = [];

  /** @throws RangeError when no job could ever run */
  constructor(private readonly limit: number) {
    if (!(limit >= 1)) throw new RangeError(`${limit} jobs at a time would do nothing`);
  }

  add(job: () => Promise<void>): void {
    this.waiting.push(job);
    this.fill();
  }

  /** Waits for the jobs in hand and those behind them, before it throws the first error. */
  async done(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
    if (this.failures.length > 0) throw this.failures[0];
  }

  private fill(): void {
    while (this.running.size < this.limit) {
      const job = this.waiting.shift();
      if (job === undefined) return;
      const work = this.run(job).finally(() => {
        this.running.delete(work);
        this.fill();
      });
      this.running.add(work);
    }
  }

  private async run(job: () => Promise<void>): Promise<void> {
    try {
      await job();
    } catch (error) {
      this.failures.push(error);
      this.waiting = [];
    }
  }
}
