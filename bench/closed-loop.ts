import { percentilesOf, round } from './percentiles.js';
import type { ClosedRun, RunResult } from './processes/protocol.js';

/** Starts one saga and resolves when its end is known; throws when it ended otherwise than it ought. */
export type RunOne = (number: number) => Promise<void>;

export interface Loop extends Pick<ClosedRun, 'inFlight' | 'count'> {
  /** Told now and then how many have ended. */
  readonly onProgress?: (ended: number) => void;
}

const PROGRESS_MS = 1_000;

/**
 * A closed loop: as many sagas as `inFlight` says are under way at any time, until `count` have ended. So new ones are
 * started to the last; those that are then still under way are waited for, and not measured.
 */
export async function closedLoop({ inFlight, count, onProgress }: Loop, runOne: RunOne): Promise<RunResult> {
  const latencies: number[] = [];
  let started = 0;
  let ended = 0;
  const startedAt = performance.now();
  let lastAt = startedAt;
  let toldAt = startedAt;
  const lane = async (): Promise<void> => {
    while (ended < count) {
      const from = performance.now();
      await runOne(started++);
      const now = performance.now();
      ended += 1;
      if (ended > count) return;
      latencies.push(now - from);
      lastAt = now;
      if (now - toldAt < PROGRESS_MS) continue;
      toldAt = now;
      onProgress?.(ended);
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, lane));
  const seconds = round((lastAt - startedAt) / 1_000, 3);
  return { seconds, sagas: latencies.length, ended, ...percentilesOf(latencies) };
}
