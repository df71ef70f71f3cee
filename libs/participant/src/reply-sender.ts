import { type OutgoingMessage, type ReplyOutcome, replyMessage } from '@skald/core';
import {
  type CrashProbe,
  type DeadLetter,
  MessageRefusedError,
  type RefusedMessage,
  type Transport,
} from '@skald/ports';
import type { Work } from './work.js';

interface Surroundings {
  readonly transport: Pick<Transport, 'send'>;
  readonly source: string;
  readonly crashProbe: CrashProbe | undefined;
}

interface Reply extends OutgoingMessage {
  readonly work: Work;
}

/**
 * How long the first reply waits for others of its batch, in milliseconds, unless the batch is done before. Each request
 * costs its sender, the broker and the reader, and the transactions of a batch end shortly one after another.
 */
const GATHERING_MS = 20;

/**
 * Sends the replies of a batch shortly after there are some: those that come up together go together, and whatever comes up
 * while they are under way goes next. No reply waits for a handler that is slower than its own by more than that.
 */
export class ReplySender {
  /** Commands whose replies cannot be sent for good. */
  readonly dead: DeadLetter[] = [];
  private waiting: Reply[] = [];
  private sending: Promise<void> | undefined;
  private isComplete = false;
  private complete: () => void = () => undefined;
  private failures: unknown[] = [];

  constructor(private readonly around: Surroundings) {}

  /** To be called when what the outcome tells of is committed, and not after `done`. */
  add(work: Work, outcome: ReplyOutcome): void {
    this.waiting.push(this.replyOf(work, outcome));
    this.sending ??= this.sendAll();
  }

  /** @throws what the first sending threw that failed; the batch may come again */
  async done(): Promise<void> {
    this.isComplete = true;
    this.complete();
    await this.sending;
    if (this.failures.length > 0) throw this.failures[0];
  }

  private async sendAll(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        await this.gathered();
        const together = this.waiting;
        this.waiting = [];
        await this.sendTogether(together);
      }
    } catch (error) {
      // The batch comes again, with these replies and the next.
      this.failures.push(error);
      this.waiting = [];
    }
    this.sending = undefined;
  }

  /** Resolves a little later, or as soon as no more replies can come. */
  private gathered(): Promise<void> {
    if (this.isComplete) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GATHERING_MS);
      this.complete = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async sendTogether(replies: readonly Reply[]): Promise<void> {
    const { crashProbe } = this.around;
    await crashProbe?.('after commit');
    for (const { reply, refusal } of await this.send(replies)) {
      const outcome = refusedOutcome(refusal);
      const [still] = await this.send([this.replyOf(reply.work, outcome)]);
      if (still !== undefined) this.putAside(still.reply.work, still.refusal);
    }
    await crashProbe?.('after send');
  }

  /** @returns those that the broker refuses for good; all others are stored */
  private async send(
    replies: readonly Reply[],
  ): Promise<{ readonly reply: Reply; readonly refusal: RefusedMessage }[]> {
    try {
      await this.around.transport.send(replies);
      return [];
    } catch (error) {
      if (!(error instanceof MessageRefusedError)) throw error;
      const byId = new Map(replies.map((reply) => [reply.message.id, reply]));
      return error.refused.flatMap((refusal) => {
        const reply = byId.get(refusal.message.id);
        return reply === undefined ? [] : [{ reply, refusal }];
      });
    }
  }

  private replyOf(work: Work, outcome: ReplyOutcome): Reply {
    const { topic, message } = replyMessage(work.message, outcome, this.around.source);
    return { topic, message, work };
  }

  private putAside({ delivery }: Work, { code, reason }: RefusedMessage): void {
    this.dead.push({
      delivery,
      code: 'reply_refused',
      reason: `its reply cannot be sent (${code}): ${reason}`,
    });
  }
}

/**
 * What took effect is not denied: a rejection would say that there is nothing to undo. With "failed" the saga asks again, is
 * told the same, and ends its attempts by undoing the step, or with a person who sees why.
 */
function refusedOutcome({ code, reason }: RefusedMessage): ReplyOutcome {
  return {
    kind: 'failed',
    code: 'reply_refused',
    message: `the command was handled and its reply is kept, but the broker refuses to take it (${code}): ${reason}`,
  };
}
