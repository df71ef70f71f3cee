/** Starts one saga and resolves when its end is known; throws when it ended otherwise than it ought. */
export type RunOne = (number: number) => Promise<void>;

export interface Loop {
  readonly inFlight: number;
  readonly count: number;
  /** Told now and then how many have ended. */
  readonly onProgress?: (ended: number) => void;
}

export interface LoopResult {
  /** Until the last of `count` has ended. */
  readonly seconds: number;
  /** Milliseconds of each of them, in the order in which they ended. */
  readonly latencies: readonly number[];
  /** How many have ended when nothing is under way any more. */
  readonly ended: number;
}

const PROGRESS_MS = 1_000;

/**
 * A closed loop: as many sagas as `inFlight` says are under way at any time, until `count` have ended. So new ones are
 * started to the last; those that are then still under way are waited for, and not measured.
 */
export async function closedLoop({ inFlight, count, onProgress }: Loop, runOne: RunOne): Promise<LoopResult> {
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
  return { seconds: (lastAt - startedAt) / 1_000, latencies, ended };
}
