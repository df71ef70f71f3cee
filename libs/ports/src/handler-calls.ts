import { shortened } from '@skald/core';
import { isEnvironments } from './environment.js';
import { messageOf, stackOf, TransportUnavailableError } from './errors.js';
import { runApart } from './isolation.js';
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
    try {
      return await this.call(batch, goesOn);
    } catch (error) {
      if (error instanceof GivenUpError) return undefined;
      if (batch.length > 1) this.reportFault(batch.length, error);
      return this.handleApart(batch, error, goesOn);
    }
  }

  /**
   * Repeats work until it goes well.
   *
   * @param isWaitedFor whether waiting may mend what the work throws; all else is thrown on
   * @returns false when it was given up
   */
  async untilItWorks(
    work: () => Promise<void>,
    goesOn: () => boolean,
    isWaitedFor: (error: unknown) => boolean = () => true,
  ): Promise<boolean> {
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      try {
        await work();
        this.noteSuccess();
        return true;
      } catch (error) {
        if (!isWaitedFor(error)) throw error;
        this.noteFailure(error);
      }
      if (!goesOn()) return false;
      await this.around.pause(wait);
      if (!goesOn()) return false;
    }
  }

  private async handleApart(
    batch: readonly Delivery[],
    error: unknown,
    goesOn: () => boolean,
  ): Promise<readonly DeadLetter[] | undefined> {
    // Once a part has worked, or one message was put aside after several tries, a failure is the next message's own.
    let triesAlone = TRIES_ALONE;
    const call = (part: readonly Delivery[]): Promise<readonly DeadLetter[]> => {
      if (!goesOn()) throw new GivenUpError();
      return this.call(part, goesOn);
    };
    const outcomes = await runApart<Delivery, DeadLetter | undefined>(batch, error, {
      run: async (part) => {
        const letters = await call(part);
        triesAlone = 1;
        return part.map((delivery) => letters.find((letter) => letter.delivery === delivery));
      },
      alone: async (delivery, own) => {
        let reason = reasonOf(own);
        for (; triesAlone > 1; triesAlone -= 1) {
          await this.around.pause(FIRST_PAUSE_MS);
          try {
            const [letter] = await call([delivery]);
            triesAlone = 1;
            return letter;
          } catch (again) {
            if (again instanceof GivenUpError) throw again;
            reason = reasonOf(again);
          }
        }
        return { delivery, code: 'unusable', reason };
      },
    });
    const letters: DeadLetter[] = [];
    for (const outcome of outcomes) {
      if (outcome.kind === 'failed') return undefined;
      if (outcome.result !== undefined) letters.push(outcome.result);
    }
    return letters;
  }

  /** @throws GivenUpError, and what the handler throws by the fault of a message */
  private async call(part: readonly Delivery[], goesOn: () => boolean): Promise<readonly DeadLetter[]> {
    let letters: readonly DeadLetter[] = [];
    const isDone = await this.untilItWorks(
      async () => {
        letters = await this.around.handle(part);
      },
      goesOn,
      isEnvironments,
    );
    if (!isDone) throw new GivenUpError();
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

/** The batch in hand is not to be done any more, whatever is in it. */
class GivenUpError extends TransportUnavailableError {
  readonly code = 'given_up';

  constructor() {
    super('the batch was given up');
  }
}

function reasonOf(error: unknown): string {
  return shortened(messageOf(error), LONGEST_REASON);
}
