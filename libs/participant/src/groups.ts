import type { Work } from './work.js';

/**
 * About how many commands share a transaction. Few enough that a large batch makes several, which run side by side and
 * lock rows briefly. With handlers that insert a row each, 40 was 6 % faster than 25, and 60 or 100 a third slower. A
 * transaction gets at most half as many more, which is below 64, the subtransactions that PostgreSQL keeps at hand for it.
 */
const IN_ONE_TRANSACTION = 40;

/** Commands of one saga in their order; those of different sagas may run side by side. */
export function bySaga(works: readonly Work[]): Work[][] {
  const groups = new Map<string, Work[]>();
  for (const work of works) {
    const group = groups.get(work.message.sagaid);
    if (group === undefined) groups.set(work.message.sagaid, [work]);
    else group.push(work);
  }
  return [...groups.values()];
}

/** Sagas whose commands may all share a transaction, put together in groups of one size; any other saga by itself. */
export function jobsOf(sagas: readonly Work[][]): { alone: Work[][]; together: Work[][] } {
  const alone: Work[][] = [];
  const sharing: Work[][] = [];
  for (const saga of sagas) {
    (saga.some(({ transaction }) => transaction !== 'shared') ? alone : sharing).push(saga);
  }
  const commands = sharing.reduce((sum, saga) => sum + saga.length, 0);
  const groups = Math.max(1, Math.round(commands / IN_ONE_TRANSACTION));
  const size = commands / groups;
  const together: Work[][] = [];
  let filled = 0;
  for (const saga of sharing) {
    // The group in which the saga's first command falls.
    const index = Math.floor(filled / size);
    (together[index] ??= []).push(...saga);
    filled += saga.length;
  }
  return { alone, together: together.filter((group) => group.length > 0) };
}
