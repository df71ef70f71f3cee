import { describe, expect, it } from '@jest/globals';
import { OffsetSet } from './offset-set.js';

describe('a set of offsets', () => {
  it('has what was added and not deleted, newest first', () => {
    const set = new OffsetSet();
    for (const offset of [31, 32, 4_095, 4_096, 9_007_199_254_740_991, 0, 32]) set.add(offset);
    expect([set.delete(4_095), set.delete(4_095), set.delete(5)]).toEqual([true, false, false]);
    expect([...set.newest()]).toEqual([9_007_199_254_740_991, 4_096, 32, 31, 0]);
    expect(set.size).toBe(5);
    expect([set.has(31), set.has(33)]).toEqual([true, false]);
  });

  it('forgets what lies before an offset', () => {
    const set = new OffsetSet();
    for (const offset of [0, 4_095, 4_096, 4_100, 9_000]) set.add(offset);
    set.dropBelow(4_100);
    expect({ size: set.size, left: [...set.newest()] }).toEqual({ size: 2, left: [9_000, 4_100] });
  });
});
