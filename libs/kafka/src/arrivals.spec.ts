import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { type Arrival, Arrivals } from './arrivals.js';
import { Assignment } from './assignment.js';

const assignment = new Assignment();
assignment.join('me', { t: [0] });

function arrival(offset: number, bytes = 1): Arrival {
  const held = assignment.find('t', 0);
  if (held === undefined) throw new Error('partition 0 is not held');
  return {
    held,
    offset: BigInt(offset),
    epoch: assignment.epoch,
    bytes,
    record: { key: null, value: null },
    content: { kind: 'malformed', code: 'c', reason: 'r' },
  };
}

/** Only a flag shows what the engine can do. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}

const offsetsOf = (batch: readonly Arrival[]): number[] => batch.map(({ offset }) => Number(offset));

describe('the queue of arrivals', () => {
  it('gives what waits in order, up to the maximum', async () => {
    const arrivals = new Arrivals({ count: 10, bytes: 1_000 });
    for (let i = 0; i < 5; i += 1) arrivals.push(arrival(i));

    expect(offsetsOf(await arrivals.take(3))).toEqual([0, 1, 2]);
    expect(offsetsOf(await arrivals.take(3))).toEqual([3, 4]);
  });

  it('gives fewer when they are large, and at least one', async () => {
    const arrivals = new Arrivals({ count: 10, bytes: 1_000 });
    for (const bytes of [200, 200, 200, 5_000, 100]) arrivals.push(arrival(bytes, bytes));

    expect(offsetsOf(await arrivals.take(10))).toEqual([200, 200]);
    expect(offsetsOf(await arrivals.take(10))).toEqual([200]);
    expect(offsetsOf(await arrivals.take(10))).toEqual([5_000]);
    expect(offsetsOf(await arrivals.take(10))).toEqual([100]);
  });

  it('holds nothing that was taken, so that a backlog that never ends does not fill the memory', async () => {
    const arrivals = new Arrivals({ count: 1_000, bytes: 1_000 });
    const taken: WeakRef<Arrival>[] = [];
    for (let n = 0; n < 50; n += 1) {
      for (const offset of [2 * n, 2 * n + 1]) arrivals.push(arrival(offset, 400));
      for (const one of await arrivals.take(n === 0 ? 1 : 2)) taken.push(new WeakRef(one));
    }
    await nextTurn();
    collectGarbage();

    expect(arrivals.size).toBeGreaterThan(0);
    // The last ones may yet be in hand.
    expect(taken.slice(0, -10).filter((one) => one.deref() !== undefined)).toEqual([]);
  });

  it('is full of bytes, too', async () => {
    const arrivals = new Arrivals({ count: 10, bytes: 1_000 });
    arrivals.push(arrival(1, 600));
    expect(arrivals.isFull).toBe(false);
    arrivals.push(arrival(2, 600));
    expect(arrivals.isFull).toBe(true);
    await arrivals.take(1);
    expect(arrivals.isFull).toBe(false);
  });

  it('wakes who waits, with all that comes in the same turn of the event loop', async () => {
    const arrivals = new Arrivals({ count: 10, bytes: 1_000 });
    const taking = arrivals.take(10);

    arrivals.push(arrival(1));
    await Promise.resolve();
    arrivals.push(arrival(2));

    expect(offsetsOf(await taking)).toEqual([1, 2]);
  });

  it('goes on waiting when all was cleared before it could be taken', async () => {
    const arrivals = new Arrivals({ count: 10, bytes: 1_000 });
    const taking = arrivals.take(10);
    arrivals.push(arrival(1));
    arrivals.clear();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    arrivals.push(arrival(2));

    expect(offsetsOf(await taking)).toEqual([2]);
  });

  it('is full at its bound, and lets in who waits for room when some is taken', async () => {
    const arrivals = new Arrivals({ count: 2, bytes: 1_000 });
    arrivals.push(arrival(1));
    arrivals.push(arrival(2));
    expect(arrivals.isFull).toBe(true);

    const room = arrivals.room();
    await arrivals.take(1);

    await room;
    expect(arrivals.isFull).toBe(false);
  });

  it('gives nothing any more when it is closed', async () => {
    const arrivals = new Arrivals({ count: 2, bytes: 1_000 });
    const taking = arrivals.take(1);
    arrivals.close();

    expect(await taking).toEqual([]);
    arrivals.push(arrival(1));
    expect(await arrivals.take(1)).toEqual([]);
  });
});
