import { beforeEach, describe, expect, it } from '@jest/globals';
import { deadLetterHeaders, settlingHeaders } from '@skald/ports';
import { DeadLetterIndex } from './dead-letter-index.js';
import type { OpenTimes } from './open-times.js';
import type { OffsetRange, TopicReader } from './topic-reader.js';

const TOPIC = 'shop.stock.commands.dlq';

/** A dead-letter topic, and what was read of it. */
class Letters implements Pick<TopicReader, 'ranges' | 'read'> {
  readonly read: TopicReader['read'] = async (_topic, partition, range, _bytes, visit) => {
    await this.beforeRead(range);
    for (const [offset, headers] of (this.partitions[partition] ?? []).entries()) {
      if (offset < Math.max(range.from, this.from) || offset >= range.to) continue;
      this.reads += 1;
      visit({ offset: String(offset), key: null, value: null, headers, timestamp: '0', attributes: 0 });
    }
  };
  readonly partitions: Record<string, string>[][] = [[]];
  beforeRead: (range: OffsetRange) => Promise<void> = async () => undefined;
  from = 0;
  reads = 0;

  async ranges(): Promise<Map<number, OffsetRange>> {
    return new Map(this.partitions.map((all, partition) => [partition, { from: this.from, to: all.length }]));
  }

  letters(count: number, partition = 0): void {
    const all = this.partitions[partition] ?? [];
    for (let n = 0; n < count; n += 1) {
      const time = new Date(1_000 * all.length).toISOString();
      all.push(deadLetterHeaders({ topic: 'shop.stock.commands' }, { code: 'c', reason: 'r' }, time));
    }
  }

  settle(offset: number, { of = 0, by = 0 } = {}): void {
    const place = { topic: 'shop.stock.commands', partition: of, offset: String(offset) };
    this.partitions[by]?.push(settlingHeaders(place, 'dropped', ''));
  }
}

describe('the index of a dead-letter topic', () => {
  let letters: Letters;
  let index: DeadLetterIndex;
  const offsets = (limit = 5): number[] => index.newest(limit).map(({ offset }) => offset);
  const learnAll = async (): Promise<void> => {
    await index.refresh();
    await index.learn(0, () => true);
  };

  beforeEach(() => {
    letters = new Letters();
    index = new DeadLetterIndex(letters, TOPIC);
  });

  it('knows which letters are open, newest first', async () => {
    letters.letters(4);
    letters.settle(2);
    letters.letters(2);
    await learnAll();
    expect(offsets()).toEqual([6, 5, 3, 1, 0]);
    expect(index.size).toBe(5);
    expect(await index.isOpen(0, 3)).toBe(true);
    expect(await index.isOpen(0, 2)).toBe(false);
    expect(await index.isOpen(0, 4)).toBe(false);
    expect(await index.isOpen(1, 0)).toBe(false);
  });

  it('reads about a page for a page, from the end, and is right about it', async () => {
    letters.letters(20_000);
    for (let offset = 19_950; offset < 20_000; offset += 1) letters.settle(offset);
    await index.refresh();
    await index.learn(100, () => false);
    expect(offsets(100)[0]).toBe(19_949);
    expect(offsets(100)).toHaveLength(100);
    expect(letters.reads).toBeLessThan(700);
    expect(index.isWhole).toBe(false);
  });

  it('reads each record once, and later what is new', async () => {
    letters.letters(3_000);
    await learnAll();
    expect(letters.reads).toBe(3_000);
    letters.letters(2);
    letters.settle(7);
    await learnAll();
    expect(letters.reads).toBe(3_003);
    expect(index.size).toBe(3_001);
    expect(offsets(2)).toEqual([3_001, 3_000]);
  });

  it('learns what came while it read, and reads nothing twice when several ask at once', async () => {
    letters.letters(1_000);
    let isFirst = true;
    letters.beforeRead = async () => {
      if (!isFirst) return;
      isFirst = false;
      letters.letters(1);
      await index.refresh();
    };
    await Promise.all([learnAll(), learnAll()]);
    expect(index.size).toBe(1_001);
    expect(letters.reads).toBe(1_001);
  });

  it('does not believe a mark that settles what comes later', async () => {
    letters.settle(1);
    letters.letters(1);
    await learnAll();
    expect(offsets()).toEqual([1]);
  });

  it('forgets what is deleted, and a topic that was made anew', async () => {
    letters.letters(10);
    await learnAll();
    letters.from = 6;
    await learnAll();
    expect(index.size).toBe(4);
    letters.partitions[0] = [];
    letters.from = 0;
    letters.letters(2);
    await learnAll();
    expect(offsets()).toEqual([1, 0]);
  });

  it('reads no further than it must to know of one letter', async () => {
    letters.letters(20_000);
    expect(await index.isOpen(0, 19_900)).toBe(true);
    expect(letters.reads).toBeLessThan(700);
    expect(await index.isOpen(0, 3)).toBe(true);
  });

  it('knows a mark that lies in another partition than its letter', async () => {
    letters.partitions.push([]);
    letters.letters(3, 1);
    letters.settle(1, { of: 1, by: 0 });
    await index.refresh();
    await index.learn(1, () => false);
    expect(offsets()).toEqual([2, 0]);
    expect(await index.isOpen(1, 1)).toBe(false);
  });

  it('goes on after an error where it stood', async () => {
    letters.letters(1_000);
    let failures = 1;
    letters.beforeRead = async ({ to }) => {
      if (to < 900 && failures-- > 0) throw new Error('away');
    };
    await expect(learnAll()).rejects.toThrow('away');
    await learnAll();
    expect(index.size).toBe(1_000);
    expect(letters.reads).toBe(1_000);
  });

  it('counts all letters of a flood, keeps little of them, and finds the older ones when the newer are settled', async () => {
    const count = 300_000;
    let end = count;
    const headers = deadLetterHeaders({ topic: 'shop.stock.commands' }, { code: 'c', reason: 'r' }, '');
    const mark = (offset: number) =>
      settlingHeaders({ topic: 'shop.stock.commands', partition: 0, offset: String(offset) }, 'dropped', '');
    const flood: Pick<TopicReader, 'ranges' | 'read'> = {
      ranges: async () => new Map([[0, { from: 0, to: end }]]),
      read: async (_topic, _partition, { from, to }, _bytes, visit) => {
        for (let offset = from; offset < to; offset += 1) {
          // The marks settle the newest letters.
          const own =
            offset < count
              ? { ...headers, 'dlq-time': new Date(offset).toISOString() }
              : mark(2 * count - 1 - offset);
          visit({
            offset: String(offset),
            key: null,
            value: null,
            headers: own,
            timestamp: '0',
            attributes: 0,
          });
        }
      },
    };
    index = new DeadLetterIndex(flood, TOPIC);
    await learnAll();
    expect(index.size).toBe(count);
    expect(offsets(2)).toEqual([count - 1, count - 2]);
    const partitions: Map<number, { times: OpenTimes }> = Reflect.get(index, 'partitions');
    expect(partitions.get(0)?.times.exactly.size).toBeLessThanOrEqual(120_000);

    end = count + 150_000;
    await learnAll();
    expect(index.size).toBe(count - 150_000);
    expect(offsets(2)).toEqual([149_999, 149_998]);
    expect(await index.isOpen(0, 150_000)).toBe(false);
    expect(await index.isOpen(0, 7)).toBe(true);
  });
});
