import type { CrashPoint, CrashProbe } from '@skald/runtime';

/**
 * Kills this process with SIGKILL when it reaches the crash point `SKALD_CRASH_AT` for the `SKALD_CRASH_ON`th time
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
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => undefined);
    },
  };
}
