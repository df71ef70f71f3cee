import { violations } from './invariants.js';
import { type Outcome, runOnce, type RunSettings } from './run.js';

/** A run in which something did not hold. */
export interface FoundRun {
  readonly outcome: Outcome;
  readonly problems: readonly string[];
}

/** So many runs are tried to find a shorter one. */
const TRIES = 300;

/** Leaves out faults, first many at a time, as long as something still does not hold. */
export async function shortest(settings: RunSettings, seed: number, found: FoundRun): Promise<FoundRun> {
  let best = found;
  const without = new Set<string>();
  let tries = 0;
  for (let size = best.outcome.faults.length; size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.outcome.faults.length && tries < TRIES; tries += 1) {
      const left = best.outcome.faults.slice(from, from + size).map(({ key }) => key);
      const candidate = await attempt(settings, seed, new Set([...without, ...left]));
      if (candidate === undefined || candidate.outcome.faults.length >= best.outcome.faults.length) {
        from += size;
      } else {
        for (const key of left) without.add(key);
        best = candidate;
      }
    }
  }
  return best;
}

async function attempt(
  settings: RunSettings,
  seed: number,
  without: ReadonlySet<string>,
): Promise<FoundRun | undefined> {
  const outcome = await runOnce(settings, seed, without);
  const problems = violations(outcome, settings.definitions);
  return problems.length === 0 ? undefined : { outcome, problems };
}
