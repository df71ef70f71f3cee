import { printable } from '@skald/core';
import { messageOf } from './errors.js';
import type { Clock, Log } from './ports.js';

const LONGEST_RETRY_MS = 5_000;
/** So many failures in a row are more than a bad moment. */
const REPEATEDLY = 3;
const LONGEST_REASON = 300;

/** How a job that runs by itself gets on, since the process began. */
export interface JobReport {
  readonly name: string;
  /** How often it was begun. */
  readonly runs: number;
  /** How often it failed. */
  readonly failures: number;
  /** How often since it last went well. */
  readonly failuresInRow: number;
  /** When it failed last, in ISO 8601, and why: at most 300 characters for people, without payloads. */
  readonly lastFailure?: { readonly at: string; readonly reason: string };
}

/**
 * Runs a job again and again, never twice at once. The job says after how many milliseconds it wants to run next. When it
 * fails it is tried again after `retryMs`, then after twice that, at most 5 s; of failures in a row the first is logged,
 * and their end. Whatever it throws stays with it, and is counted.
 */
export class Periodic {
  private cancel: (() => void) | undefined;
  private dueAt = Number.POSITIVE_INFINITY;
  private current: Promise<void> | undefined;
  /** While it runs: when it was asked to run again at the latest. */
  private wantedAt = Number.POSITIVE_INFINITY;
  private stopped = true;
  private runs = 0;
  private failures = 0;
  private inRow = 0;
  private last: { readonly at: number; readonly reason: string } | undefined;

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
    if (this.stopped) return;
    if (this.current !== undefined) this.wantedAt = Math.min(this.wantedAt, at);
    else if (at < this.dueAt) this.schedule(at);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel?.();
    await this.current;
  }

  report(): JobReport {
    const { name, runs, failures, inRow, last } = this;
    return {
      name,
      runs,
      failures,
      failuresInRow: inRow,
      ...(last && { lastFailure: { at: new Date(last.at).toISOString(), reason: last.reason } }),
    };
  }

  /** That it has failed three times in a row or more, and why, if so. For people. */
  problem(): string | undefined {
    if (this.inRow < REPEATEDLY || this.last === undefined) return undefined;
    return `${this.name} has failed ${this.inRow} times in a row: ${this.last.reason}`;
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
    this.runs += 1;
    this.wantedAt = Number.POSITIVE_INFINITY;
    try {
      next = await this.job();
      if (this.inRow > 0) this.log.log(`${this.name} works again after ${this.inRow} failed attempt(s)`);
      this.inRow = 0;
    } catch (error) {
      next = Math.min(this.retryMs * 2 ** this.inRow, LONGEST_RETRY_MS);
      if (this.inRow === 0) this.log.warn(`${this.name} failed and is tried again: ${messageOf(error)}`);
      this.failures += 1;
      this.inRow += 1;
      this.last = { at: this.clock.now(), reason: printable(messageOf(error), LONGEST_REASON) };
    }
    this.current = undefined;
    if (!this.stopped) this.schedule(Math.min(this.wantedAt, this.clock.now() + next));
  }
}
