import { describe, expect, it } from '@jest/globals';
import { progressAt, ProgressHistory } from './progress.js';

/** Keys are the partitions' own numbers. */
function historyOf(
  ...looks: [at: number, ends: number[], confirmed: (number | undefined)[]][]
): ProgressHistory {
  const history = new ProgressHistory(
    (key) => Number(key),
    () => 0,
  );
  for (const [at, ends, confirmed] of looks) history.add({ at, seenAt: at + 10, ends, confirmed });
  return history;
}

describe('how far a group has got', () => {
  it('is not known before anybody has looked', () => {
    const history = historyOf();
    expect(history.knownAt).toBeUndefined();
    expect(history.hasConfirmed).toBe(false);
    expect(history.reachedAt(0)).toBeUndefined();
  });

  it('is at a time when all that lay there then is confirmed, seen at the first look that shows it', () => {
    const history = historyOf([100, [7], [3]], [600, [9], [6]], [1_100, [12], [7]], [1_600, [15], [14]]);
    expect(history.reachedAt(50)).toBe(1_110);
    expect(history.reachedAt(100)).toBe(1_110);
    // What lay there at 101 is known from the look at 600 only.
    expect(history.reachedAt(101)).toBe(1_610);
    expect(history.reachedAt(1_101)).toBeUndefined();
  });

  it('says nothing of a time after the last look', () => {
    expect(historyOf([100, [7], [7]]).reachedAt(101)).toBeUndefined();
  });

  it('is that of all partitions, or of the one where a key lies', () => {
    const history = historyOf([100, [7, 4], [7, 3]], [600, [7, 5], [7, 3]]);
    expect(history.reachedAt(100)).toBeUndefined();
    expect(history.reachedAt(100, { key: '0' })).toBe(110);
    expect(history.reachedAt(100, { key: '1' })).toBeUndefined();
  });

  it('counts a partition in which nothing was ever confirmed as unread, unless nothing lies there', () => {
    const history = historyOf([100, [7, 0], [7, undefined]], [600, [7, 2], [7, undefined]]);
    expect(history.hasConfirmed).toBe(true);
    expect(history.reachedAt(100)).toBe(110);
    expect(history.reachedAt(600)).toBeUndefined();
  });

  it('has passed what was deleted before anybody read it', () => {
    const history = new ProgressHistory(
      () => 0,
      () => 0,
    );
    history.add({ at: 100, seenAt: 110, ends: [9], starts: [9], confirmed: [undefined] });
    expect(history.reachedAt(100)).toBe(110);
    expect(history.hasConfirmed).toBe(false);
  });

  it('is told by another clock than that of the looks, too', () => {
    const history = new ProgressHistory(
      () => 0,
      () => 1_000,
    );
    const told = progressAt(601_000, history);
    expect(told.knownAt).toBeUndefined();
    expect(told.reachedAt(600_000)).toBeUndefined();
    history.add({ at: 100, seenAt: 110, ends: [7], confirmed: [7] });
    const seen = progressAt(601_000, history);
    expect(seen).toMatchObject({ now: 601_000, knownAt: 600_100, hasConfirmed: true });
    expect(seen.reachedAt(600_100)).toBe(600_110);
    expect(seen.reachedAt(600_101)).toBeUndefined();
  });

  describe('of a group that lives and does not move', () => {
    /** Every ten seconds from 0 to 60 s. */
    const looked = (
      look: (at: number) => [ends: number[], confirmed: (number | undefined)[]],
    ): ProgressHistory =>
      historyOf(
        ...[0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000].map(
          (at): [number, number[], (number | undefined)[]] => [at, ...look(at)],
        ),
      );

    it('counts as being at the end of what has lain unread for long', () => {
      const history = looked((at) => [
        [7, at],
        [6, at],
      ]);
      expect(history.reachedAt(0)).toBeUndefined();
      expect(history.reachedAt(0, { stalledMs: 60_000 })).toBe(60_010);
      expect(history.reachedAt(0, { stalledMs: 60_001 })).toBeUndefined();
    });

    it('is not at the end while it moves', () => {
      const moving = looked((at) => [[70], [at / 10_000]]);
      expect(moving.reachedAt(0, { stalledMs: 60_000 })).toBeUndefined();
    });

    it('is not at the end where nothing lay unread before, however long it was idle', () => {
      const idle = looked((at) => [[at < 60_000 ? 7 : 8], [7]]);
      expect(idle.reachedAt(60_000, { stalledMs: 60_000 })).toBeUndefined();
      const unseen = historyOf([0, [7], [7]], [3_600_000, [8], [7]]);
      expect(unseen.reachedAt(3_600_000, { stalledMs: 60_000 })).toBeUndefined();
    });

    it('is not at the end of what came behind something that has lain unread for long', () => {
      const behind = looked((at) => [[at < 60_000 ? 7 : 8], [6]]);
      expect(behind.reachedAt(50_000, { stalledMs: 60_000 })).toBe(60_010);
      expect(behind.reachedAt(60_000, { stalledMs: 60_000 })).toBeUndefined();
    });

    it('is not at the end when nobody looked for a while: it may have been away all the time', () => {
      const away = historyOf([0, [7], [6]], [10_000, [7], [6]], [80_000, [7], [6]]);
      expect(away.reachedAt(0, { stalledMs: 60_000 })).toBeUndefined();
    });
  });

  it('of a key is that of all partitions once the topic has got more of them', () => {
    // The key '1' lay in the only partition, unread.
    const history = new ProgressHistory(
      (key, partitions) => Number(key) % partitions,
      () => 0,
    );
    history.add({ at: 0, seenAt: 10, ends: [5], confirmed: [3] });
    history.add({ at: 500, seenAt: 510, ends: [5, 0], confirmed: [3, undefined] });
    expect(history.reachedAt(500, { key: '1' })).toBeUndefined();
    history.add({ at: 1_000, seenAt: 1_010, ends: [5, 1], confirmed: [5, 0] });
    expect(history.reachedAt(500, { key: '1' })).toBe(1_010);
  });

  it('is told from at most 240 looks, however often it was looked', () => {
    let read = 0;
    const history = new ProgressHistory(
      () => 0,
      () => 0,
    );
    for (let look = 0; look < 10_000; look += 1) {
      history.add({
        at: look,
        seenAt: look,
        ends: [1],
        get confirmed() {
          read += 1;
          return [0];
        },
      });
    }
    expect(history.reachedAt(0)).toBeUndefined();
    expect(read).toBeLessThanOrEqual(240);
  });

  it('forgets old looks so that it errs on the late side', () => {
    const history = new ProgressHistory(
      () => 0,
      () => 0,
    );
    for (let look = 0; look < 100_000; look += 1) {
      history.add({ at: look * 500, seenAt: look * 500, ends: [look], confirmed: [look - 20] });
    }
    const truth = 120 * 500;
    const told = history.reachedAt(100 * 500) ?? 0;
    expect(told).toBeGreaterThanOrEqual(truth);
    // Of what happened lately it is as exact as it was looked.
    expect(history.reachedAt(99_900 * 500)).toBe(99_920 * 500);
  });
});
