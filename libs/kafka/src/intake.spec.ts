import { describe, expect, it } from '@jest/globals';
import type { EachBatchPayload } from 'kafkajs';
import { Arrivals } from './arrivals.js';
import { Assignment } from './assignment.js';
import { nextMoment, noteFetchStart } from './fetch-starts.js';
import { Intake } from './intake.js';
import { Pause } from './pause.js';

const ROOM = { count: 100, bytes: 1_000_000 };

/** A consumer's inside without kafkajs, which is played by the test. */
class Inside {
  readonly assignment = new Assignment();
  readonly arrivals: Arrivals;
  readonly pause = new Pause();
  readonly intake: Intake;
  readonly resolved: string[] = [];
  heartbeats = 0;
  moves = 0;

  constructor(room = ROOM) {
    this.arrivals = new Arrivals(room);
    this.intake = new Intake(
      this.assignment,
      this.arrivals,
      this.pause,
      () => false,
      () => {
        this.moves += 1;
      },
    );
  }

  join(member: string): void {
    this.assignment.join(member, { t: [0] });
    this.intake.joined();
  }

  /**
   * @param start when the fetch had begun
   * @param marks so many records behind the messages are none
   */
  receive(start: number, from: number, count: number, size = 10, marks = 0): Promise<void> {
    const messages = Array.from({ length: count }, (_, n) => ({
      offset: String(from + n),
      key: null,
      headers: {},
      timestamp: '0',
      attributes: 0,
      value: Buffer.alloc(size, 'x'),
    }));
    const batch = {
      topic: 't',
      partition: 0,
      highWatermark: '100',
      messages,
      isEmpty: () => false,
      firstOffset: () => String(from),
      lastOffset: () => String(from + count + marks - 1),
      offsetLag: () => '0',
      offsetLagLow: () => '0',
    };
    noteFetchStart(batch, start);
    const payload: EachBatchPayload = {
      batch,
      resolveOffset: (offset) => void this.resolved.push(offset),
      heartbeat: async () => {
        this.heartbeats += 1;
      },
      pause: () => () => undefined,
      commitOffsetsIfNecessary: async () => undefined,
      uncommittedOffsets: () => ({ topics: [] }),
      isRunning: () => true,
      isStale: () => false,
    };
    return this.intake.receive(payload);
  }

  /** What is taken out of the queue is done. */
  async work(): Promise<void> {
    this.assignment.done(await this.arrivals.take(100));
  }

  get unconfirmed(): number[] {
    return this.assignment.unconfirmed().map(({ offset }) => Number(offset));
  }

  async take(maximum = 100): Promise<number[]> {
    return (await this.arrivals.take(maximum)).map(({ offset }) => Number(offset));
  }
}

describe('what was fetched', () => {
  it('waits in the queue and is resolved', async () => {
    const inside = new Inside();
    inside.join('m1');

    await inside.receive(nextMoment(), 5, 3);

    expect(await inside.take()).toEqual([5, 6, 7]);
    expect(inside.resolved).toEqual(['7']);
  });

  it('is not taken when it was asked for before the member got a new name, and nothing is passed over', async () => {
    const inside = new Inside();
    inside.join('m1');
    const inFlight = nextMoment();
    inside.join('m2');

    await inside.receive(inFlight, 6, 4);
    expect(inside.arrivals.size).toBe(0);
    expect(inside.resolved).toEqual([]);

    await inside.receive(nextMoment(), 0, 3);
    expect(await inside.take()).toEqual([0, 1, 2]);
    expect(inside.assignment.find('t', 0)?.next).toBe(0n);
  });

  it('is not taken when the member got a new name while it waited for room', async () => {
    const inside = new Inside({ count: 2, bytes: 1_000_000 });
    inside.join('m1');

    const receiving = inside.receive(nextMoment(), 0, 6);
    inside.join('m2');
    inside.arrivals.clear();
    await receiving;

    expect(inside.arrivals.size).toBe(0);
    expect(inside.resolved).toEqual(['1']);
  });

  it('waits outside while as many bytes wait as may, and its heart goes on', async () => {
    const inside = new Inside({ count: 1_000, bytes: 3_000 });
    inside.join('m1');

    const receiving = inside.receive(nextMoment(), 0, 10, 1_000);
    expect(inside.arrivals.size).toBe(3);
    const seen: number[] = [];
    while (seen.length < 10) seen.push(...(await inside.take(2)));
    await receiving;

    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(inside.heartbeats).toBeGreaterThan(0);
  });

  it('is taken when it is larger than all that may wait', async () => {
    const inside = new Inside({ count: 10, bytes: 3_000 });
    inside.join('m1');

    await inside.receive(nextMoment(), 0, 1, 10_000);

    expect(await inside.take()).toEqual([0]);
  });
});

describe('what was fetched and is no message: the marks of transactions', () => {
  it('is confirmed with the message before it, as soon as that is done and not before', async () => {
    const inside = new Inside();
    inside.join('m1');

    await inside.receive(nextMoment(), 5, 2, 10, 3);
    expect(inside.unconfirmed).toEqual([]);
    await inside.work();
    expect(inside.unconfirmed).toEqual([10]);
  });

  it('is confirmed when a fetch brings nothing else', async () => {
    const inside = new Inside();
    inside.join('m1');

    await inside.receive(nextMoment(), 5, 2);
    await inside.receive(nextMoment(), 7, 0, 10, 2);
    expect(inside.unconfirmed).toEqual([]);
    await inside.work();
    expect(inside.unconfirmed).toEqual([9]);
    expect(inside.moves).toBe(0);

    await inside.receive(nextMoment(), 9, 0, 10, 1);
    expect(inside.unconfirmed).toEqual([10]);
    expect(inside.moves).toBe(1);
  });

  it('is confirmed when it is the first that a member fetches', async () => {
    const inside = new Inside();
    inside.join('m1');

    await inside.receive(nextMoment(), 7, 0, 10, 1);
    expect(inside.unconfirmed).toEqual([8]);
    expect(inside.moves).toBe(1);
  });

  it('passes over nothing that is fetched again after a rebalance', async () => {
    const inside = new Inside();
    inside.join('m1');
    await inside.receive(nextMoment(), 5, 2);
    const stale = nextMoment();
    inside.join('m1');
    inside.arrivals.clear();

    await inside.receive(stale, 7, 0, 10, 1);
    expect(inside.unconfirmed).toEqual([]);
    await inside.receive(nextMoment(), 5, 2, 10, 1);
    expect(inside.unconfirmed).toEqual([]);
    await inside.work();
    expect(inside.unconfirmed).toEqual([8]);
  });

  it('is passed over when the messages before it were done while they were fetched again', async () => {
    const inside = new Inside();
    inside.join('m1');
    await inside.receive(nextMoment(), 5, 2);
    const inHand = await inside.arrivals.take(100);
    inside.join('m1');
    await inside.receive(nextMoment(), 5, 2, 10, 1);
    expect(inside.unconfirmed).toEqual([]);

    inside.assignment.done(inHand);
    expect(inside.unconfirmed).toEqual([8]);
    const again = await inside.arrivals.take(100);
    expect(again.every((one) => inside.assignment.isRepeated(one))).toBe(true);
  });
});
