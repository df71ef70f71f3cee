import { isEnvironments } from './environment.js';
import { StoreTooSlowError } from './errors.js';

/** How one piece of work ended that was not done together with all others of its batch. */
export type Outcome<R> =
  { readonly kind: 'done'; readonly result: R } | { readonly kind: 'failed'; readonly error: unknown };

/** What took too long alone so many times, while other work got done, will always do so. */
const SLOW_ALONE = 3;

/** How the work of a batch is done, and what becomes of what cannot be done. */
export interface Apart<W, R> {
  /** Does all that it gets, or nothing and throws. */
  readonly run: (works: readonly W[]) => Promise<readonly R[]>;
  /** Says what becomes of a piece of work that fails by itself. */
  readonly alone: (work: W, error: unknown) => Promise<R>;
  /** Whether the store gets other, small work done now. Absent: nobody can tell, and what is too slow waits for a better hour. */
  readonly isWell?: () => Promise<boolean>;
}

/**
 * Runs the work of a batch that has failed in two halves, and these in halves, until what is at fault is alone. All others
 * are done, in their order. So is a batch that the store has cut off since it took too long: half of it may be fast enough. What
 * takes too long alone is at fault only if the store gets other work done at the same time.
 *
 * @param works of a batch that has just failed
 * @param error with which it failed
 * @returns one outcome each, in order. Failed is what could not be tried: once an hour is bad, what is left is not tried, for
 *   it must not overtake what came before it
 */
export async function runApart<W, R>(
  works: readonly W[],
  error: unknown,
  how: Apart<W, R>,
): Promise<Outcome<R>[]> {
  const isSlow = how.isWell !== undefined && error instanceof StoreTooSlowError;
  if (isEnvironments(error) && !isSlow) return works.map(() => ({ kind: 'failed', error }));
  const [work] = works;
  if (works.length === 1 && work !== undefined) return [await runAlone(work, error, how)];
  const outcomes: Outcome<R>[] = [];
  const half = Math.ceil(works.length / 2);
  for (const part of [works.slice(0, half), works.slice(half)]) {
    const last = outcomes.at(-1);
    if (last?.kind === 'failed') outcomes.push(...part.map(() => last));
    else outcomes.push(...(await runPart(part, how)));
  }
  return outcomes;
}

async function runPart<W, R>(part: readonly W[], how: Apart<W, R>): Promise<Outcome<R>[]> {
  let results: readonly R[];
  try {
    results = await how.run(part);
  } catch (error) {
    return runApart(part, error, how);
  }
  return results.map((result) => ({ kind: 'done', result }));
}

/** What has failed alone is at fault, save that it was only too slow: then it is tried again first. */
async function runAlone<W, R>(work: W, first: unknown, how: Apart<W, R>): Promise<Outcome<R>> {
  let error = first;
  for (let tries = 1; error instanceof StoreTooSlowError; tries += 1) {
    if (how.isWell === undefined || !(await how.isWell())) return { kind: 'failed', error };
    if (tries === SLOW_ALONE) break;
    try {
      const [result] = await how.run([work]);
      if (result !== undefined) return { kind: 'done', result };
    } catch (again) {
      error = again;
    }
  }
  if (isEnvironments(error) && !(error instanceof StoreTooSlowError)) return { kind: 'failed', error };
  return outcomeOf(how.alone(work, error));
}

async function outcomeOf<R>(result: Promise<R>): Promise<Outcome<R>> {
  try {
    return { kind: 'done', result: await result };
  } catch (error) {
    return { kind: 'failed', error };
  }
}
