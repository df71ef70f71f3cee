import { StoreUnavailableError, UnstorableError } from '@skald/ports';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TurnQueue } from './turn-queue.js';

interface Work {
  readonly saga: string;
  readonly number: number;
  readonly kind: 'good' | 'bad';
}

/** A store that refuses a turn as a whole when any of its work is bad, and remembers the order of what it took. */
function queueOver(options: { readonly failsAt?: number } = {}): {
  queue: TurnQueue<Work, string>;
  stored: Work[];
  turns: number[];
} {
  const stored: Work[] = [];
  const turns: number[] = [];
  const queue = new TurnQueue<Work, string>({
    maximum: 50,
    run: async (works) => {
      turns.push(works.length);
      await Promise.resolve();
      if (turns.length === options.failsAt) throw new StoreUnavailableError('away');
      if (works.some(({ kind }) => kind === 'bad')) throw new UnstorableError('x');
      stored.push(...works);
      return works.map(({ number }) => `stored ${number}`);
    },
    alone: async ({ number }) => `refused ${number}`,
  });
  return { queue, stored, turns };
}

const good = (number: number, saga = 's'): Work => ({ saga, number, kind: 'good' });
const bad = (number: number, saga = 's'): Work => ({ saga, number, kind: 'bad' });

describe('a turn that fails', () => {
  it('costs nothing more when all is well', async () => {
    const { queue, turns } = queueOver();
    await Promise.all([queue.submit([good(1), good(2)]), queue.submit([good(3)])]);
    expect(turns).toEqual([3]);
  });

  it('is done but for the work at fault, whoever submitted it', async () => {
    const { queue, stored } = queueOver();
    const [first, second, third] = await Promise.all([
      queue.submit([good(1), good(2)]),
      queue.submit([good(3), bad(4), good(5)]),
      queue.submit([good(6)]),
    ]);
    expect(first).toEqual(['stored 1', 'stored 2']);
    expect(second).toEqual(['stored 3', 'refused 4', 'stored 5']);
    expect(third).toEqual(['stored 6']);
    expect(stored.map(({ number }) => number)).toEqual([1, 2, 3, 5, 6]);
  });

  it('finds one that is at fault among three hundred in a few turns', async () => {
    const { queue, turns } = queueOver();
    await queue.submit(
      Array.from({ length: 300 }, (_, number) => (number === 123 ? bad(123) : good(number))),
    );
    expect(turns.length).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(300)));
  });

  it('rejects only those whose work could not be tried when the hour turns bad on the way', async () => {
    // The turn as a whole fails, its first half is done, and then the store is away.
    const { queue, stored } = queueOver({ failsAt: 3 });
    const done = queue.submit([good(1), good(2)]);
    const late = queue.submit([bad(3)]);
    const later = queue.submit([good(4)]);
    expect(await done).toEqual(['stored 1', 'stored 2']);
    await expect(late).rejects.toThrow(StoreUnavailableError);
    await expect(later).rejects.toThrow(StoreUnavailableError);
    expect(stored).toHaveLength(2);
  });

  it('tries nothing more of it once the hour is bad, so that nothing overtakes what came before it', async () => {
    const { queue, stored, turns } = queueOver({ failsAt: 2 });
    const first = queue.submit([good(1), good(2)]);
    const second = queue.submit([bad(3), good(4)]);
    await expect(first).rejects.toThrow(StoreUnavailableError);
    await expect(second).rejects.toThrow(StoreUnavailableError);
    expect(turns).toEqual([4, 2]);
    expect(stored).toEqual([]);
  });

  it('rejects all of it, untouched, when the store is away', async () => {
    const { queue, turns } = queueOver({ failsAt: 1 });
    const both = [queue.submit([good(1)]), queue.submit([bad(2)])];
    for (const one of both) await expect(one).rejects.toThrow(StoreUnavailableError);
    expect(turns).toEqual([2]);
  });

  it('keeps the order of each saga, and gives everybody their own results, for any work', async () => {
    const works = fc.array(
      fc.record({ saga: fc.constantFrom('a', 'b', 'c'), kind: fc.constantFrom('good', 'good', 'bad') }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(works, { maxLength: 8 }), async (plan) => {
        let number = 0;
        const submissions = plan.map((part): Work[] =>
          part.map(({ saga, kind }) => ({ saga, kind: kind === 'bad' ? 'bad' : 'good', number: number++ })),
        );
        const { queue, stored } = queueOver();
        const results = await Promise.all(submissions.map((works) => queue.submit(works)));
        for (const [index, own] of submissions.entries()) {
          expect(results[index]).toEqual(
            own.map((work) => `${work.kind === 'bad' ? 'refused' : 'stored'} ${work.number}`),
          );
        }
        for (const saga of ['a', 'b', 'c']) {
          const inOrder = stored.filter((work) => work.saga === saga).map((work) => work.number);
          expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
        }
        expect(stored).toHaveLength(submissions.flat().filter(({ kind }) => kind === 'good').length);
      }),
    );
  });
});
