import { DefinitionError, type Duration, readDuration, SkaldError } from '@skald/core';

/** What a timer takes; anything above fires at once. */
const LONGEST_TIMER_MS = 2_147_483_647;
const LONGEST_MS = 24 * 60 * 60_000;
const DEFAULT_MS = 30_000;

/** A handler did not end in time. It is the reason of `ctx.signal`. */
export class HandlerTimedOutError extends SkaldError {
  readonly code = 'handler_timed_out';

  constructor(readonly limitMs: number) {
    super(`the handler did not end within ${limitMs} ms; what it did in its transaction is rolled back`);
  }
}

/** @throws DefinitionError when it is no duration from 1 ms to a day */
export function readTimeLimit(subject: string, value: Duration | undefined): number | undefined {
  if (value === undefined) return undefined;
  const milliseconds = readDuration(subject, 'timeLimit', value);
  if (milliseconds >= 1 && milliseconds <= LONGEST_MS) return milliseconds;
  throw new DefinitionError(subject, 'timeLimit', `${JSON.stringify(value)} must lie between 1 ms and 24h`);
}

/** How long one attempt of a command gets: what the orchestrator says, or 30 seconds. */
export function attemptMs({ timeout = DEFAULT_MS }: { readonly timeout?: number | undefined }): number {
  return Math.min(timeout, LONGEST_TIMER_MS);
}

/**
 * Waits for work, and no longer than the limit. What comes of it afterwards is dropped.
 *
 * @throws HandlerTimedOutError, which `onLate` gets first
 */
export function within<T>(
  work: Promise<T>,
  limitMs: number,
  onLate: (error: HandlerTimedOutError) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new HandlerTimedOutError(limitMs);
      reject(error);
      onLate(error);
    }, limitMs);
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      end();
    };
    // No `finally`: it would cost each command two promises more.
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
