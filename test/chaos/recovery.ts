import type { PastFault } from './storm.js';

/** Seconds in which sagas must end as fast as they are started for the throughput to be back. */
const WINDOW = 3;
const ENOUGH = 0.9;
/** So many seconds' worth of sagas are open at any time. */
const ALWAYS_OPEN = 1;

export interface Recovery {
  readonly fault: PastFault;
  /** Seconds from the fault's end until the throughput was back; undefined when it never was. */
  readonly seconds: number | undefined;
  /** Another fault struck, or was still in force, meanwhile: it says nothing of this one alone. */
  readonly isDisturbed: boolean;
}

export interface Course {
  /** How many sagas were due to be started, and how many ended, in each second from the beginning of the load. */
  readonly dueBySecond: readonly number[];
  readonly endedBySecond: readonly number[];
  /** Sagas that are started in a second, while the load lasts. */
  readonly rate: number;
}

/**
 * How long after each fault's end sagas ended again as fast as they were started, or no more were open than always are: a
 * fault may outlast the load, and after the load nothing more can end than is still open.
 */
export function recoveries(
  faults: readonly PastFault[],
  { dueBySecond, endedBySecond, rate }: Course,
): Recovery[] {
  const last = Math.max(dueBySecond.length, endedBySecond.length);
  /** At the end of each second. */
  const openAfter: number[] = [];
  let open = 0;
  for (let second = 0; second < last; second += 1) {
    open += (dueBySecond[second] ?? 0) - (endedBySecond[second] ?? 0);
    openAfter.push(open);
  }
  const isBack = (second: number): boolean => {
    const ended = endedBySecond.slice(second, second + WINDOW).reduce((sum, one) => sum + one, 0);
    const isWhole = second + WINDOW <= last;
    if (isWhole && ended >= ENOUGH * rate * WINDOW) return true;
    const after = openAfter[Math.min(second + WINDOW, last) - 1] ?? 0;
    return after <= (isWhole ? ALWAYS_OPEN * rate : 0);
  };
  return faults.map((fault) => {
    const first = Math.ceil(fault.to / 1_000);
    let seconds: number | undefined;
    for (let second = first; second <= Math.max(first, last); second += 1) {
      if (!isBack(second)) continue;
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
