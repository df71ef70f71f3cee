import type { PastFault } from './storm.js';

/** Seconds in which sagas must end as fast as they are started for the throughput to be back. */
const WINDOW = 3;
const ENOUGH = 0.9;

export interface Recovery {
  readonly fault: PastFault;
  /** Seconds from the fault's end until the throughput was back; undefined when it never was. */
  readonly seconds: number | undefined;
  /** Another fault struck, or was still in force, meanwhile: it says nothing of this one alone. */
  readonly isDisturbed: boolean;
}

/**
 * How long after each fault's end sagas ended again as fast as they were started.
 *
 * @param endedBySecond from the beginning of the load
 */
export function recoveries(
  faults: readonly PastFault[],
  endedBySecond: readonly number[],
  rate: number,
): Recovery[] {
  return faults.map((fault) => {
    const first = Math.ceil(fault.to / 1_000);
    let seconds: number | undefined;
    for (let second = first; second + WINDOW <= endedBySecond.length; second += 1) {
      const ended = endedBySecond.slice(second, second + WINDOW).reduce((sum, one) => sum + one, 0);
      if (ended < ENOUGH * rate * WINDOW) continue;
      seconds = second - first;
      break;
    }
    const until = seconds === undefined ? Number.POSITIVE_INFINITY : fault.to + seconds * 1_000;
    const isDisturbed = faults.some(
      (other) => other !== fault && other.from < until + WINDOW * 1_000 && other.to > fault.to,
    );
    return { fault, seconds, isDisturbed };
  });
}
