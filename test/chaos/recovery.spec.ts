import { describe, expect, it } from '@jest/globals';
import { recoveries } from './recovery.js';
import type { PastFault } from './storm.js';

const RATE = 100;

/** Times in seconds. */
function fault(from: number, to: number): PastFault {
  return { number: 1, name: 'pause', what: 'stock-1', from: from * 1_000, to: to * 1_000 };
}

function times<T>(count: number, one: T): T[] {
  return Array.from({ length: count }, () => one);
}

function secondsAfter(one: PastFault, endedBySecond: readonly number[], load = 30): number | undefined {
  const [recovery] = recoveries([one], { dueBySecond: times(load, RATE), endedBySecond, rate: RATE });
  return recovery?.seconds;
}

describe('after a fault the throughput is back', () => {
  it('when sagas end as fast as they are started', () => {
    const ended = [...times(10, RATE), ...times(12, 0), ...times(20, 160)];

    expect(secondsAfter(fault(10, 15), ended)).toBe(6);
  });

  it('at once when the fault held up nobody', () => {
    expect(secondsAfter(fault(10, 15), times(30, RATE))).toBe(0);
  });

  it('at once when the fault outlasts the load, and nothing is open at its end', () => {
    expect(secondsAfter(fault(10, 50), times(30, RATE))).toBe(0);
  });

  it('when the last open saga has ended, if the load is over before', () => {
    const ended = [...times(20, RATE), ...times(15, 0), ...times(20, 50)];

    expect(secondsAfter(fault(20, 31), ended)).toBe(19);
  });

  it('never, when sagas are left open', () => {
    const ended = [...times(10, RATE), ...times(19, 0), 1];

    expect(secondsAfter(fault(10, 15), ended)).toBeUndefined();
  });
});

describe('a fault', () => {
  it('says nothing of recovery when another one strikes meanwhile', () => {
    const both = [fault(10, 12), fault(13, 14)];
    const course = { dueBySecond: times(30, RATE), endedBySecond: times(30, RATE), rate: RATE };

    expect(recoveries(both, course).map(({ isDisturbed }) => isDisturbed)).toEqual([true, false]);
  });
});
