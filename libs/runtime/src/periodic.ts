import { messageOf } from './errors.js';
import type { Clock, Log } from './ports.js';

/**
 * Runs a job again and again, never twice at once. The job says after how many milliseconds it wants to run next; a
 * failure is logged and tried again after `retryMs`.
 */
export class Periodic {
  private cancel: (() => void) | undefined;
  private dueAt = Number.POSITIVE_INFINITY;
  private current: Promise<void> | undefined;
  private stopped = true;

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
    let next = this.retryMs;
    try {
      next = await this.job();
    } catch (error) {
      this.log.warn(`${this.name} failed, next try in ${this.retryMs} ms: ${messageOf(error)}`);
    }
    this.current = undefined;
    if (!this.stopped) this.schedule(this.clock.now() + next);
  }
}
