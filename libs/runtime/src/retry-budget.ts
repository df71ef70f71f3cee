import type { OutgoingMessage } from '@skald/core';
import type { Log } from '@skald/ports';

/** What each first attempt adds: so many resends to a hundred commands. */
const SHARE = 0.1;
/** Tokens of a participant that was never sent anything. */
const AT_FIRST = 10;
const MOST = 50;
/** Resends that wait are looked at again one after the other, since there is no token for all of them at once. */
const SPACING_MS = 40;
const SHORTEST_WAIT_MS = 1_000;
/** Budget may come back at once, when a participant answers again: nobody waits for that longer than this. */
const LONGEST_WAIT_MS = 40_000;
/** So that a resend that waits alone, with no first attempts coming by, goes out in the end. */
const PER_SECOND = 1;

interface Bucket {
  tokens: number;
  filledAt: number;
  /** How many resends were told to wait since there was last one for whom there was a token at once. */
  delayed: number;
  /** When the last of those that wait is looked at again. */
  queueEndsAt: number;
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

  /** How long a resend waits for which there was no token, in milliseconds: the longer, the more others wait. */
  waitMs(topic: string, now: number): number {
    const bucket = this.filled(topic, now);
    const longest = now + LONGEST_WAIT_MS;
    bucket.queueEndsAt = Math.min(Math.max(bucket.queueEndsAt, now) + SPACING_MS, longest);
    return Math.max(SHORTEST_WAIT_MS, bucket.queueEndsAt - now);
  }

  private add(topic: string, tokens: number, now: number): void {
    const bucket = this.filled(topic, now);
    bucket.tokens = Math.min(MOST, bucket.tokens + tokens);
  }

  private filled(topic: string, now: number): Bucket {
    const bucket = this.buckets.get(topic) ?? {
      tokens: AT_FIRST,
      filledAt: now,
      delayed: 0,
      queueEndsAt: now,
    };
    this.buckets.set(topic, bucket);
    // A clock that is set back fills nothing.
    const seconds = Math.max(0, now - bucket.filledAt) / 1_000;
    bucket.tokens = Math.min(MOST, bucket.tokens + seconds * PER_SECOND);
    bucket.filledAt = now;
    return bucket;
  }
}
