import { Cron } from 'croner';

export type FirstRun = { readonly at: Date } | { readonly problem: 'invalid_cron' | 'never_fires' };

/** When a cron expression first fires after `now`, in UTC, if it ever does: `0 0 30 2 *` parses and never fires. */
export function firstRun(expression: string, now: Date): FirstRun {
  let next: Date | null;
  try {
    next = new Cron(expression, { paused: true, timezone: 'UTC' }).nextRun(now);
  } catch {
    return { problem: 'invalid_cron' };
  }
  return next === null ? { problem: 'never_fires' } : { at: next };
}
