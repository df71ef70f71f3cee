import { describe, expect, it } from '@jest/globals';
import { isSameJson } from './json.js';

describe('comparing JSON', () => {
  it('finds values the same whose members come in another order, or are undefined', () => {
    expect(isSameJson({ a: 1, b: [{ c: null }], d: undefined }, { b: [{ c: null }], a: 1 })).toBe(true);
    expect(isSameJson(undefined, null)).toBe(true);
  });

  it('tells apart what differs anywhere', () => {
    expect(isSameJson({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
    expect(isSameJson({ a: { b: 1 } }, { a: { b: '1' } })).toBe(false);
  });

  it('reads a value once, however many others it is compared with', () => {
    let reads = 0;
    const large = {
      get lines(): number[] {
        reads += 1;
        return [1, 2, 3];
      },
    };
    for (let n = 0; n < 300; n += 1) expect(isSameJson(large, { lines: [n] })).toBe(false);
    expect(reads).toBe(1);
  });
});
