import type { Clock, Store } from '@skald/ports';

/**
 * The clock by which an engine decides about timers, deadlines and ages: the store's, which all processes share. The clock
 * of the process counts only as long as the store does not tell its own. Pauses are the process's own either way.
 */
export function storeClock(clock: Clock, store: Pick<Store, 'now'>): Clock {
  return {
    now: () => store.now?.() ?? clock.now(),
    elapsed: () => clock.elapsed(),
    after: (milliseconds, callback) => clock.after(milliseconds, callback),
  };
}
