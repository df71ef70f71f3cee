import { describe, expect, it } from '@jest/globals';
import type { Message } from '@skald/core';
import { type Work, withoutCopies, workOf } from './work.js';

const LIMITS = { timeLimitMs: undefined, maximumBytes: 1_000_000, now: () => 0 };

const work = (data: unknown): Work => {
  const message: Message = {
    specversion: '1.0',
    id: 'c',
    source: '/test',
    type: 'stock.reserve',
    namespace: 'shop',
    sagaid: 's',
    data,
  };
  return workOf({ topic: 'shop.stock.commands', message }, 'probe', LIMITS);
};

describe('commands of a batch that share an id', () => {
  it('are compared in a time that grows with their bytes, though one of them is large', () => {
    let reads = 0;
    const large = {
      get lines(): number[] {
        reads += 1;
        return [];
      },
    };
    const works = [work(large), ...Array.from({ length: 99 }, (_, n) => work({ lines: [n] }))];
    reads = 0;
    expect(withoutCopies(works).apart).toHaveLength(99);
    expect(reads).toBe(1);
  });

  it('are one command when they say the same', () => {
    const { single, apart } = withoutCopies([work({ a: 1, b: 2 }), work({ b: 2, a: 1 })]);
    expect({ single: single.length, apart }).toEqual({ single: 1, apart: [] });
  });
});
