import { type CrashProbe, type Log, messageOf } from '@skald/runtime';
import type { Assignment, Position } from './assignment.js';

const RETRY_MS = 1_000;

/**
 * Tells Kafka how far we are, beside the work: one commit at a time, and while one is under way the next one gathers.
 * A commit that fails costs a redelivery at most, so it is warned of and tried again.
 */
export class OffsetCommitter {
  private running: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly assignment: Assignment,
    private readonly commit: (positions: readonly Position[]) => Promise<void>,
    private readonly probe: CrashProbe,
    private readonly log: Log,
  ) {}

  /** Something was done. */
  request(): void {
    if (this.running !== undefined || this.closed) return;
    clearTimeout(this.retry);
    this.running = this.run().finally(() => {
      this.running = undefined;
    });
  }

  /** Resolves when all is confirmed that could be. */
  async settle(): Promise<void> {
    await this.running;
    this.request();
    await this.running;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
  }

  private async run(): Promise<void> {
    try {
      while (this.assignment.unconfirmed().length > 0) {
        await this.probe('before offset commit');
        const { epoch } = this.assignment;
        const positions = this.assignment.unconfirmed();
        if (positions.length === 0) return;
        await this.commit(positions);
        // In another epoch the same partition may be another's work, which Kafka knows better.
        if (epoch === this.assignment.epoch) this.assignment.confirmed(positions);
      }
    } catch (error) {
      this.log.warn(`offsets are not confirmed yet, messages may come twice: ${messageOf(error)}`);
      if (!this.closed) this.retry = setTimeout(() => this.request(), RETRY_MS);
    }
  }
}
