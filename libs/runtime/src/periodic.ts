import { messageOf } from './errors.js';
import type { Clock, Log } from './ports.js';

const LONGEST_RETRY_MS = 5_000;

/**
 * Runs a job again and again, never twice at once. The job says after how many milliseconds it wants to run next. When it
 * fails it is tried again after `retryMs`, then after twice that, at most 5 s; of failures in a row the first is logged,
 * and their end.
 */
export class Periodic {
  private cancel: (() => void) | undefined;
  private dueAt = Number.POSITIVE_INFINITY;
  private current: Promise<void> | undefined;
  private stopped = true;
  private failures = 0;

  constructor(
    private readonly name: string,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly retryMs: number,
    private readonly job: () => Promise<number>,
  ) {}

  start(): void {
    this.stopped = false;
    this.schedule(this.clock.now());
  }

  /** Makes the job run at `at` (milliseconds since 1970) if it would run later than that. */
  noLaterThan(at: number): void {
    if (!this.stopped && this.current === undefined && at < this.dueAt) this.schedule(at);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel?.();
    await this.current;
  }

  private schedule(at: number): void {
    this.cancel?.();
    this.dueAt = at;
    this.cancel = this.clock.after(Math.max(0, at - this.clock.now()), () => {
      this.current = this.runOnce();
    });
  }

  private async runOnce(): Promise<void> {
    let next: number;
    try {
      next = await this.job();
      if (this.failures > 0)
        this.log.log(`${this.name} works again after ${this.failures} failed attempt(s)`);
      this.failures = 0;
    } catch (error) {
      next = Math.min(this.retryMs * 2 ** this.failures, LONGEST_RETRY_MS);
      if (this.failures === 0) this.log.warn(`${this.name} failed and is tried again: ${messageOf(error)}`);
      this.failures += 1;
    }
    this.current = undefined;
    if (!this.stopped) this.schedule(this.clock.now() + next);
  }
}
