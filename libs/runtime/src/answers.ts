import { jsonBytes, type OutgoingMessage } from '@skald/core';

/** So much may be written as JSON at a time, save for one answer that is larger by itself. */
const MOST_BYTES = 4_000_000;

/**
 * The answers of one batch. Many of them may show the same large output, and each is a copy of it once it is written as JSON:
 * so those before it are sent before there are too many.
 */
export class Answers {
  private waiting: OutgoingMessage[] = [];
  private bytes = 0;
  private readonly sizes = new Map<unknown, number>();

  constructor(private readonly send: (answers: readonly OutgoingMessage[]) => Promise<void>) {}

  /** @param shown what the answer shows that may be large */
  async add(answer: OutgoingMessage, shown?: unknown): Promise<void> {
    const size = this.sizeOf(shown);
    if (this.bytes + size > MOST_BYTES) await this.flush();
    this.waiting.push(answer);
    this.bytes += size;
  }

  async flush(): Promise<void> {
    if (this.waiting.length === 0) return;
    const answers = this.waiting;
    this.waiting = [];
    this.bytes = 0;
    await this.send(answers);
  }

  /** Measured once, however many answers show it. */
  private sizeOf(shown: unknown): number {
    if (typeof shown !== 'object' || shown === null) return 0;
    const known = this.sizes.get(shown);
    if (known !== undefined) return known;
    const size = jsonBytes(shown);
    this.sizes.set(shown, size);
    return size;
  }
}
