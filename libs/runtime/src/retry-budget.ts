import type { OutgoingMessage } from '@skald/core';
import type { Log } from './ports.js';

/** What each first attempt adds: so many resends to a hundred commands. */
const SHARE = 0.1;
/** Tokens of a participant that was never sent anything. */
const AT_FIRST = 10;
const MOST = 50;
/** So that a resend that waits alone, with no first attempts coming by, goes out in the end. */
const PER_SECOND = 1;

interface Bucket {
  tokens: number;
  filledAt: number;
  /** How many resends were told to wait since there was last one for whom there was a token at once. */
  delayed: number;
}

/**
 * How many commands one process may send again, for each topic of commands: a tenth of the first attempts, one a second
 * at least, and those that were answered, since who answers is not overrun. So a participant that answers nobody is not
 * sent everything three times. Above that a resend waits; it is not dropped.
 */
export class RetryBudget {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly log: Pick<Log, 'warn' | 'log'>) {}

  /** Commands were sent. */
  sent(messages: readonly OutgoingMessage[], now: number): void {
    for (const { topic, message } of messages) {
      // Only commands have attempts.
      if (message.attempt === 1) this.add(topic, SHARE, now);
    }
  }

  /** An attempt after the first was answered. */
  answered(topic: string, now: number): void {
    this.add(topic, 1, now);
  }

  /** Takes a token for one resend, if there is one. */
  take(topic: string, now: number): boolean {
    const bucket = this.filled(topic, now);
    if (bucket.tokens < 1) {
      bucket.delayed += 1;
      if (bucket.delayed === 1) {
        this.log.warn(`too much was sent twice to '${topic}' lately: further attempts wait`);
      }
      return false;
    }
    bucket.tokens -= 1;
    if (bucket.delayed > 0 && bucket.tokens >= AT_FIRST) {
      this.log.log(
        `further attempts to '${topic}' go out at once again; they had to wait ${bucket.delayed} times`,
      );
      bucket.delayed = 0;
    }
    return true;
  }

  private add(topic: string, tokens: number, now: number): void {
    const bucket = this.filled(topic, now);
    bucket.tokens = Math.min(MOST, bucket.tokens + tokens);
  }

  private filled(topic: string, now: number): Bucket {
    const bucket = this.buckets.get(topic) ?? { tokens: AT_FIRST, filledAt: now, delayed: 0 };
    this.buckets.set(topic, bucket);
    // A clock that is set back fills nothing.
    const seconds = Math.max(0, now - bucket.filledAt) / 1_000;
    bucket.tokens = Math.min(MOST, bucket.tokens + seconds * PER_SECOND);
    bucket.filledAt = now;
    return bucket;
  }
}
