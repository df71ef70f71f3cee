import { beforeEach, describe, expect, it } from '@jest/globals';
import { DatabaseTime } from './database-time.js';

/** What this process's own clock is behind the database's. */
const AHEAD = 1_000_000;

describe('the time of a database', () => {
  let elapsed: number;
  let time: DatabaseTime;
  beforeEach(() => {
    elapsed = 50;
    time = new DatabaseTime(() => elapsed);
  });

  /** A statement that takes so long there and back again. */
  async function look(there: number, back: number, ahead = AHEAD): Promise<void> {
    await time.look(
      async () => {
        elapsed += there;
        const said = elapsed + ahead;
        elapsed += back;
        return said;
      },
      (said) => said,
    );
  }

  function wrongBy(ahead = AHEAD): number {
    return Math.abs((time.now() ?? Number.NaN) - (elapsed + ahead));
  }

  it('is not known before the first look', () => {
    expect(time.now()).toBeUndefined();
  });

  it('goes on between two looks, as a clock that nobody sets', async () => {
    await look(1, 1);
    elapsed += 60_000;
    expect(wrongBy()).toBeLessThanOrEqual(1);
  });

  it('is wrong at most by half of what the quickest look took, whatever came afterwards', async () => {
    await look(400, 0);
    expect(wrongBy()).toBeLessThanOrEqual(200);
    await look(2, 1);
    expect(wrongBy()).toBeLessThanOrEqual(3);
    for (const [there, back] of [
      [5_000, 0],
      [0, 5_000],
      [900, 100],
    ] as const) {
      await look(there, back);
      expect(wrongBy()).toBeLessThanOrEqual(3);
    }
  });

  it('follows a database whose clock is set, at the next look', async () => {
    await look(1, 1);
    await look(1, 1, AHEAD - 600_000);
    expect(wrongBy(AHEAD - 600_000)).toBeLessThanOrEqual(2);
    await look(1, 1, AHEAD + 600_000);
    expect(wrongBy(AHEAD + 600_000)).toBeLessThanOrEqual(2);
  });

  it('stays as it is when a statement fails, or says nothing', async () => {
    await look(1, 1);
    const failing = time.look(
      () => Promise.reject(new Error('away')),
      () => 0,
    );
    await expect(failing).rejects.toThrow('away');
    await time.look(
      async () => 7,
      () => undefined,
    );
    expect(wrongBy()).toBeLessThanOrEqual(1);
  });
});
