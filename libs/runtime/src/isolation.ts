import { isEnvironments } from './environment.js';

/** How one piece of work ended that was not done together with all others of its batch. */
export type Outcome<R> =
  { readonly kind: 'done'; readonly result: R } | { readonly kind: 'failed'; readonly error: unknown };

/**
 * Runs the work of a batch that has failed in two halves, and these in halves, until what is at fault is alone. All others
 * are done, in their order.
 *
 * @param works of a batch that has just failed
 * @param error with which it failed
 * @param run does all that it gets, or nothing and throws
 * @param alone says what becomes of a piece of work that fails by itself
 * @returns one outcome each, in order. Failed is what could not be tried: once an hour is bad, what is left is not tried, for
 *   it must not overtake what came before it
 */
export async function runApart<W, R>(
  works: readonly W[],
  error: unknown,
  run: (works: readonly W[]) => Promise<readonly R[]>,
  alone: (work: W, error: unknown) => Promise<R>,
): Promise<Outcome<R>[]> {
  if (isEnvironments(error)) return works.map(() => ({ kind: 'failed', error }));
  const [work] = works;
  if (works.length === 1 && work !== undefined) return [await outcomeOf(alone(work, error))];
  const outcomes: Outcome<R>[] = [];
  const half = Math.ceil(works.length / 2);
  for (const part of [works.slice(0, half), works.slice(half)]) {
    const last = outcomes.at(-1);
    if (last?.kind === 'failed') outcomes.push(...part.map(() => last));
    else outcomes.push(...(await runPart(part, run, alone)));
  }
  return outcomes;
}

async function runPart<W, R>(
  part: readonly W[],
  run: (works: readonly W[]) => Promise<readonly R[]>,
  alone: (work: W, error: unknown) => Promise<R>,
): Promise<Outcome<R>[]> {
  let results: readonly R[];
  try {
    results = await run(part);
  } catch (error) {
    return runApart(part, error, run, alone);
  }
  return results.map((result) => ({ kind: 'done', result }));
}

async function outcomeOf<R>(result: Promise<R>): Promise<Outcome<R>> {
  try {
    return { kind: 'done', result: await result };
  } catch (error) {
    return { kind: 'failed', error };
  }
}
