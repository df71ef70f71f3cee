import type { CrashPoint, CrashProbe } from '@skald/ports';

/**
 * Kills this process with SIGKILL, or pauses it with the signal `SKALD_CRASH_SIGNAL`, when it reaches the crash point `SKALD_CRASH_AT` for the `SKALD_CRASH_ON`th time
 * (default: the first).
 */
export function crashProbeFromEnvironment(): { crashProbe: CrashProbe } {
  const point = process.env['SKALD_CRASH_AT'];
  const occurrence = Number(process.env['SKALD_CRASH_ON'] ?? 1);
  let reached = 0;
  return {
    crashProbe: async (at: CrashPoint) => {
      if (at !== point) return;
      reached += 1;
      if (reached !== occurrence) return;
      if (process.env['SKALD_CRASH_SIGNAL'] === 'SIGSTOP') return pauseSelf();
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => undefined);
    },
  };
}

/** All sockets stay open; it goes on where it was when it gets SIGCONT. */
export async function pauseSelf(): Promise<void> {
  process.kill(process.pid, 'SIGSTOP');
  await Promise.resolve();
}
