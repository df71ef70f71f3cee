import { setTimeout as sleep } from 'node:timers/promises';
import { isRecord } from '@skald/core';
import { HandlerFailedError } from './barrier-transaction.js';

/**
 * Two transactions in each other's way, which PostgreSQL ended: a serialization failure, a deadlock, a lock that somebody
 * holds for too long. What it was doing is not at fault; the next time it may well succeed.
 */
const CONTENTION = new Set(['40001', '40P01', '55P03']);
/**
 * A statement that took longer than `statement_timeout`. The barrier's own do so only when they wait for several rows in
 * turn; a handler's take that long by themselves, and would again.
 */
const CUT_OFF = '57014';
/** Longer than a process that is paused or gone keeps a lock. */
const TRY_FOR_MS = 15_000;
const LONGEST_PAUSE_MS = 100;

/** Whether PostgreSQL threw it, at whatever depth, because of what others do. */
export function isContention(error: unknown): boolean {
  let isOfHandler = false;
  for (let cause = error; isRecord(cause); cause = cause['driverError'] ?? cause['cause']) {
    if (cause instanceof HandlerFailedError) isOfHandler = true;
    const { code, severity } = cause;
    if (typeof severity === 'string' && typeof code === 'string') {
      return CONTENTION.has(code) || (code === CUT_OFF && !isOfHandler);
    }
  }
  return false;
}

/** Does what rolls back when it fails, and does it again while others are in its way: for 15 s at most. */
export async function throughContention<T>(work: () => Promise<T>): Promise<T> {
  const until = performance.now() + TRY_FOR_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() >= until || !isContention(error)) throw error;
    }
    // Those who met at the same time should not meet again.
    await sleep(Math.random() * LONGEST_PAUSE_MS);
  }
}
