/** Starts one saga and resolves when its end is known; throws when it ended otherwise than it ought. */
export type RunOne = (number: number) => Promise<void>;

export interface Loop {
  readonly inFlight: number;
  readonly count: number;
  /** Told now and then how many have ended. */
  readonly onProgress?: (ended: number) => void;
}

export interface LoopResult {
  readonly seconds: number;
  /** Milliseconds of each saga, in the order in which they ended. */
  readonly latencies: readonly number[];
}

const PROGRESS_MS = 1_000;

/** A closed loop: as many sagas as `inFlight` says are under way at any time, until `count` have ended. */
export async function closedLoop({ inFlight, count, onProgress }: Loop, runOne: RunOne): Promise<LoopResult> {
  const latencies: number[] = [];
  let started = 0;
  const startedAt = performance.now();
  let toldAt = startedAt;
  const lane = async (): Promise<void> => {
    while (started < count) {
      const number = started++;
      const from = performance.now();
      await runOne(number);
      const now = performance.now();
      latencies.push(now - from);
      if (now - toldAt < PROGRESS_MS) continue;
      toldAt = now;
      onProgress?.(latencies.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, lane));
  return { seconds: (performance.now() - startedAt) / 1_000, latencies };
}
