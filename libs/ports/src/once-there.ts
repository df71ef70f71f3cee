import { messageOf } from './errors.js';
import type { Log } from './ports.js';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

export interface Waiting {
  /** What may be away, for the log: `Kafka`. */
  readonly what: string;
  readonly log: Pick<Log, 'log' | 'warn'>;
  /** Whether waiting may mend an error. Any other is thrown. */
  readonly isAway: (error: unknown) => boolean;
  /** Pauses before the next attempt; throws when nobody waits any more. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

/**
 * Does something that a process needs before it can work, again and again for as long as what it needs is away, at
 * growing intervals of at most 5 s. Of failures in a row the first is logged, and their end.
 *
 * @throws whatever waiting does not mend
 */
export async function onceThere<T>(
  attempt: () => Promise<T>,
  { what, log, isAway, pause }: Waiting,
): Promise<T> {
  for (let wait = FIRST_PAUSE_MS, isWaiting = false; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
    try {
      const result = await attempt();
      if (isWaiting) log.log(`${what} answers`);
      return result;
    } catch (error) {
      if (!isAway(error)) throw error;
      if (!isWaiting) log.warn(`${what} does not answer and is waited for: ${messageOf(error)}`);
      isWaiting = true;
    }
    await pause(wait);
  }
}
