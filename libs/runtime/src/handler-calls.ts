import { shortened } from '@skald/core';
import { isEnvironments } from './environment.js';
import { messageOf, stackOf } from './errors.js';
import type { ConsumeOptions, DeadLetter, Delivery, Log } from './ports.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** From so many failures in a row on, the consumer is not ready. */
const NOT_READY_FROM = 3;
/** What ails a message that fails alone may pass, as long as nothing else of its batch has worked. */
const TRIES_ALONE = 3;
const LONGEST_REASON = 300;

export interface HandlerSurroundings {
  readonly handle: ConsumeOptions['handle'];
  /** The consumer's group. */
  readonly group: string;
  readonly log: Log;
  /** Waits, or less long when the batch in hand is to be looked at again. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

/**
 * Calls the handler of a consumer, as every transport does it, until the batch in hand is done. When the handler throws
 * because of what is around it (see `isEnvironments`), the same messages come again after a pause, for as long as it takes.
 * After any other error the batch is split until the message at fault is alone; that one becomes a dead letter with code
 * `unusable`, and all others go on, those of one saga in their order.
 */
export class HandlerCalls {
  private failures = 0;
  private reason = '';

  constructor(private readonly around: HandlerSurroundings) {}

  /** Why the consumer is not ready, if it is not: the batch in hand keeps failing. */
  problem(): string | undefined {
    if (this.failures < NOT_READY_FROM) return undefined;
    return `${this.name} has failed ${this.failures} times in a row: ${this.reason}`;
  }

  /**
   * @param goesOn whether the batch is still to be done; asked whenever something of it is to be begun again
   * @returns the dead letters of the batch; nothing when it was given up, so that its messages come again
   */
  async handle(
    batch: readonly Delivery[],
    goesOn: () => boolean,
  ): Promise<readonly DeadLetter[] | undefined> {
    if (batch.length === 0) return [];
    const letters: DeadLetter[] = [];
    const parts: (readonly Delivery[])[] = [batch];
    // Once a part has worked, or one message was put aside after several tries, a failure is the next message's own.
    let triesAlone = TRIES_ALONE;
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      if (part !== batch && !goesOn()) return undefined;
      const failure = await this.untilFault(part, letters, goesOn);
      if (failure === 'given up') return undefined;
      if (failure === undefined) {
        triesAlone = 1;
        continue;
      }
      const [first, ...others] = part;
      if (first !== undefined && others.length === 0) {
        triesAlone -= 1;
        if (triesAlone > 0) {
          await this.around.pause(FIRST_PAUSE_MS);
          parts.push([first]);
        } else {
          triesAlone = 1;
          letters.push({ delivery: first, code: 'unusable', reason: reasonOf(failure.error) });
        }
      } else {
        if (part === batch) this.reportFault(part.length, failure.error);
        const half = Math.ceil(part.length / 2);
        parts.push(part.slice(half), part.slice(0, half));
      }
    }
    return letters;
  }

  /**
   * Repeats work until it goes well. Only for work that waiting mends.
   *
   * @returns false when it was given up
   */
  async untilItWorks(work: () => Promise<void>, goesOn: () => boolean): Promise<boolean> {
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      try {
        await work();
        this.noteSuccess();
        return true;
      } catch (error) {
        this.noteFailure(error);
      }
      if (!goesOn()) return false;
      await this.around.pause(wait);
      if (!goesOn()) return false;
    }
  }

  /** Calls the handler until it has done the part, or what it throws is the fault of a message. */
  private async untilFault(
    part: readonly Delivery[],
    letters: DeadLetter[],
    goesOn: () => boolean,
  ): Promise<{ readonly error: unknown } | 'given up' | undefined> {
    let fault: { readonly error: unknown } | undefined;
    const isDone = await this.untilItWorks(async () => {
      try {
        letters.push(...(await this.call(part)));
      } catch (error) {
        if (isEnvironments(error)) throw error;
        fault = { error };
      }
    }, goesOn);
    return isDone ? fault : 'given up';
  }

  private async call(part: readonly Delivery[]): Promise<readonly DeadLetter[]> {
    const letters = await this.around.handle(part);
    if (letters.length === 0) return letters;
    const known = new Set(part);
    if (letters.some(({ delivery }) => !known.has(delivery))) {
      throw new Error(
        'it returned a dead letter whose delivery is not of this batch; return the same object',
      );
    }
    return letters;
  }

  private noteFailure(error: unknown): void {
    this.reason = reasonOf(error);
    if (this.failures === 0) {
      this.around.log.warn(`${this.name} failed and will get its messages again: ${this.reason}`);
    }
    this.failures += 1;
  }

  private noteSuccess(): void {
    if (this.failures === 0) return;
    this.around.log.log(`${this.name} works again after ${this.failures} failed attempt(s)`);
    this.failures = 0;
  }

  private reportFault(count: number, error: unknown): void {
    this.around.log.error(
      `${this.name} failed over ${count} messages, and gets fewer at a time to find the one at fault: ${reasonOf(error)}`,
      stackOf(error),
    );
  }

  private get name(): string {
    return `the handler of group '${this.around.group}'`;
  }
}

function reasonOf(error: unknown): string {
  return shortened(messageOf(error), LONGEST_REASON);
}
