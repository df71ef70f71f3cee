import { callHandler, type ConsumeOptions, type DeadLetter, type Log, messageOf } from '@skald/runtime';
import type { Arrival } from './arrivals.js';
import type { Assignment } from './assignment.js';
import { type DeadLetterWriter, refusedOf } from './dead-letters.js';
import { Pause } from './pause.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Gets one batch done: handled, and what was refused put aside. Tries again until it works, or it is no longer ours. */
export class BatchHandler {
  private readonly pause = new Pause();
  private givingUp = false;
  private failures = 0;

  constructor(
    private readonly options: ConsumeOptions,
    private readonly assignment: Assignment,
    private readonly deadLetters: DeadLetterWriter,
    private readonly log: Log,
  ) {}

  /** @returns false when it was given up: the messages come again, here or elsewhere */
  async handle(batch: readonly Arrival[]): Promise<boolean> {
    const deliveries = batch.flatMap(({ content }) => (content.kind === 'message' ? [content.delivery] : []));
    let letters: readonly DeadLetter[] | undefined;
    return this.untilItWorks(batch, async () => {
      letters ??= await callHandler(this.options.handle, deliveries);
      await this.deadLetters.write(refusedOf(batch, letters));
    });
  }

  /** Lets the batch in hand finish, but does not begin it again. */
  giveUpRetries(): void {
    this.givingUp = true;
    this.pause.end();
  }

  /** The batch in hand may not be ours any more: see at once. */
  wake(): void {
    this.pause.wake();
  }

  private async untilItWorks(batch: readonly Arrival[], work: () => Promise<void>): Promise<boolean> {
    const epoch = batch[0]?.epoch;
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      try {
        await work();
        if (this.failures > 0) {
          this.log.log(`${this.name} works again after ${this.failures} failed attempt(s)`);
        }
        this.failures = 0;
        return true;
      } catch (error) {
        if (this.failures === 0) {
          this.log.warn(`${this.name} failed and will get its messages again: ${messageOf(error)}`);
        }
        this.failures += 1;
      }
      await this.pause.sleep(wait);
      if (this.givingUp || epoch !== this.assignment.epoch) return false;
    }
  }

  private get name(): string {
    return `the handler of group '${this.options.group}'`;
  }
}
