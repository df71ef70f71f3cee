import { messageOf } from '@skald/ports';

/** A batch takes milliseconds; one that is still in hand after so long waits for something that does not come. */
const SLOW_MS = 3_000;
/** How long batches must have failed, one after the other, and how lately. What has not been tried again is not known. */
const FAILING_MS = 3_000;
const LATELY_MS = 15_000;

/** Remembers how batches end, to tell whether any get done. Times are of a clock that nobody sets, in milliseconds. */
export class BatchHealth {
  private begunAt: number | undefined;
  private failure: { readonly since: number; readonly at: number; readonly text: string } | undefined;

  constructor(private readonly now: () => number) {}

  /** Runs a batch, and notes how it ends. */
  async watch<T>(batch: () => Promise<T>): Promise<T> {
    const begunAt = this.now();
    this.begunAt = begunAt;
    try {
      const result = await batch();
      this.failure = undefined;
      return result;
    } catch (error) {
      this.failure = { since: this.failure?.since ?? begunAt, at: this.now(), text: messageOf(error) };
      throw error;
    } finally {
      this.begunAt = undefined;
    }
  }

  /** Why batches do not get done, if they do not. For people. */
  problem(): string | undefined {
    const now = this.now();
    if (this.begunAt !== undefined && now - this.begunAt > SLOW_MS) {
      return `a batch has been in hand for ${seconds(now - this.begunAt)}`;
    }
    if (this.failure === undefined) return undefined;
    const { since, at, text } = this.failure;
    if (at - since < FAILING_MS || now - at > LATELY_MS) return undefined;
    return `batches have failed for ${seconds(now - since)}: ${text}`;
  }
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1_000)} s`;
}
