import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from './peer-error.js';

export interface LoopResult {
  /** From the first start until the last counted saga has ended. */
  readonly seconds: number;
  /** Of the counted sagas, in the order of their ends. */
  readonly latenciesMs: readonly number[];
}

const LONGEST_SILENCE_MS = 60_000;
const TICK_MS = 2_000;

/**
 * Keeps exactly `inFlight` calls in flight until `count` of them have ended. For that, new ones are started to the last;
 * those then still in flight are waited for, but not counted.
 */
export async function closedLoop(
  { inFlight, count }: { readonly inFlight: number; readonly count: number },
  call: () => Promise<void>,
  progress: (ended: number) => void,
): Promise<LoopResult> {
  const latenciesMs: number[] = [];
  const started = performance.now();
  let lastEnd = started;
  let failed = false;

  const caller = async (): Promise<void> => {
    while (latenciesMs.length < count && !failed) {
      const start = performance.now();
      try {
        await call();
      } catch (error) {
        failed = true;
        throw error;
      }
      const end = performance.now();
      if (latenciesMs.length === count) return;
      latenciesMs.push(end - start);
      lastEnd = end;
    }
  };
  const watch = new AbortController();
  const callers = Promise.all(Array.from({ length: inFlight }, caller));
  try {
    await Promise.race([
      callers,
      watchProgress(() => ({ ended: latenciesMs.length, lastEnd }), progress, watch.signal),
    ]);
  } finally {
    watch.abort();
  }
  return { seconds: (lastEnd - started) / 1_000, latenciesMs };
}

/** Never resolves; rejects when nothing ends any more. */
async function watchProgress(
  state: () => { readonly ended: number; readonly lastEnd: number },
  progress: (ended: number) => void,
  signal: AbortSignal,
): Promise<never> {
  for (;;) {
    try {
      await sleep(TICK_MS, undefined, { signal });
    } catch (error) {
      if (signal.aborted) return new Promise<never>(() => {});
      throw new Error(messageOf(error), { cause: error });
    }
    const { ended, lastEnd } = state();
    progress(ended);
    if (performance.now() - lastEnd > LONGEST_SILENCE_MS) {
      throw new Error(`No saga has ended for ${LONGEST_SILENCE_MS / 1_000} s, ${ended} had ended before.`);
    }
  }
}
