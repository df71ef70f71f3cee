import { type ConsumeOptions, HandlerCalls, type Log, type UnreadableRequest } from '@skald/ports';
import type { Arrival } from './arrivals.js';
import type { Assignment } from './assignment.js';
import { type DeadLetterWriter, refusedOf } from './dead-letters.js';
import { Pause } from './pause.js';

/** Gets one batch done: handled, and what was refused put aside. Tries again until it works, or it is no longer ours. */
export class BatchHandler {
  private readonly calls: HandlerCalls;
  private readonly pause = new Pause();
  private givingUp = false;

  constructor(
    private readonly options: ConsumeOptions,
    private readonly assignment: Assignment,
    private readonly deadLetters: DeadLetterWriter,
    log: Log,
  ) {
    const { handle, group } = options;
    this.calls = new HandlerCalls({ handle, group, log, pause: (wait) => this.pause.sleep(wait) });
  }

  /** Why the batch in hand is repeated, from the third time on. */
  problem(): string | undefined {
    return this.calls.problem();
  }

  /** @returns false when it was given up: the messages come again, here or elsewhere */
  async handle(batch: readonly Arrival[]): Promise<boolean> {
    const epoch = batch[0]?.epoch;
    const goesOn = (): boolean => !this.givingUp && epoch === this.assignment.epoch;
    const deliveries = batch.flatMap(({ content }) => (content.kind === 'message' ? [content.delivery] : []));
    const letters = await this.calls.handle(deliveries, goesOn);
    if (letters === undefined) return false;
    const refused = refusedOf(batch, letters);
    if (refused.length === 0) return true;
    const unreadable = unreadableOf(batch);
    if (unreadable.length > 0 && !(await this.calls.untilItWorks(() => this.tell(unreadable), goesOn)))
      return false;
    return this.calls.untilItWorks(() => this.deadLetters.write(refused), goesOn);
  }

  private async tell(unreadable: readonly UnreadableRequest[]): Promise<void> {
    await this.options.tell?.(unreadable);
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
}

function unreadableOf(batch: readonly Arrival[]): UnreadableRequest[] {
  return batch.flatMap(({ held: { topic }, content }) => {
    if (content.kind === 'message' || content.requester === undefined) return [];
    const { requester, code, reason } = content;
    return [{ topic, requester, code, reason }];
  });
}
