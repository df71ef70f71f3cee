import { type CrashProbe, type Log, messageOf } from '@skald/ports';
import type { Assignment, Position } from './assignment.js';

const RETRY_MS = 1_000;
/** A commit costs the broker about as much as storing a batch. What comes again after a crash is no more than this. */
const PAUSE_MS = 200;

/**
 * Tells Kafka how far we are, beside the work: at once after a pause, and under load a few times a second for all that
 * was done meanwhile. A commit that fails costs a redelivery at most, so it is warned of and tried again.
 */
export class OffsetCommitter {
  private running: Promise<void> | undefined;
  private later: NodeJS.Timeout | undefined;
  private committedAt = Number.NEGATIVE_INFINITY;
  private closed = false;

  constructor(
    private readonly assignment: Assignment,
    private readonly commit: (positions: readonly Position[]) => Promise<void>,
    private readonly probe: CrashProbe,
    private readonly log: Log,
  ) {}

  /** Something was done. */
  request(): void {
    if (this.running !== undefined || this.later !== undefined || this.closed) return;
    const wait = this.committedAt + PAUSE_MS - performance.now();
    if (wait > 0) this.again(wait);
    else this.begin();
  }

  /** Resolves when all is confirmed that could be. */
  async settle(): Promise<void> {
    await this.running;
    this.begin();
    await this.running;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.later);
  }

  private begin(): void {
    clearTimeout(this.later);
    this.later = undefined;
    this.running = this.run().finally(() => {
      this.running = undefined;
    });
  }

  private again(afterMs: number): void {
    if (this.closed) return;
    this.later = setTimeout(() => {
      this.begin();
    }, afterMs);
  }

  private async run(): Promise<void> {
    try {
      if (this.assignment.unconfirmed().length === 0) return;
      await this.probe('before offset commit');
      const { epoch } = this.assignment;
      const positions = this.assignment.unconfirmed();
      if (positions.length === 0) return;
      await this.commit(positions);
      this.committedAt = performance.now();
      // In another epoch the same partition may be another's work, which Kafka knows better.
      if (epoch === this.assignment.epoch) this.assignment.confirmed(positions);
      // What was done meanwhile asked in vain.
      if (this.assignment.unconfirmed().length > 0) this.again(PAUSE_MS);
    } catch (error) {
      this.log.warn(`offsets are not confirmed yet, messages may come twice: ${messageOf(error)}`);
      this.again(RETRY_MS);
    }
  }
}
