import { describe, expect, it } from '@jest/globals';
import { StoreUnavailableError } from './errors.js';
import { HandlerCalls } from './handler-calls.js';
import type { DeadLetter, Delivery } from './ports.js';

const deliveries = (count: number): Delivery[] =>
  Array.from({ length: count }, (_, n) => ({
    topic: 't',
    message: { specversion: '1.0', id: `${n}`, source: '/', type: 'x', namespace: 'n', sagaid: 's' },
  }));
const idsOf = (batch: readonly Delivery[]): number[] => batch.map(({ message }) => Number(message.id));

/** A handler that knows which messages it cannot stand, and remembers what it did. */
class Desk {
  readonly calls: number[][] = [];
  readonly done: number[] = [];
  readonly pauses: number[] = [];
  readonly lines: string[] = [];
  calledFor: HandlerCalls;

  constructor(fail: (ids: number[], call: number) => unknown) {
    const log = (line: string): void => void this.lines.push(line);
    this.calledFor = new HandlerCalls({
      group: 'g',
      log: { log, warn: log, error: log },
      pause: async (milliseconds) => void this.pauses.push(milliseconds),
      handle: async (batch) => {
        const ids = idsOf(batch);
        this.calls.push(ids);
        const error = fail(ids, this.calls.length);
        if (error !== undefined) throw error;
        this.done.push(...ids);
        return [];
      },
    });
  }

  handle(count: number, goesOn = (): boolean => true): Promise<readonly DeadLetter[] | undefined> {
    return this.calledFor.handle(deliveries(count), goesOn);
  }
}

const poison = (...bad: number[]): Desk =>
  new Desk((ids) => (ids.some((id) => bad.includes(id)) ? new TypeError('oh') : undefined));

describe('the handler of a consumer', () => {
  it('gets a batch once when all goes well', async () => {
    const desk = poison();

    expect(await desk.handle(5)).toEqual([]);

    expect(desk.calls).toEqual([[0, 1, 2, 3, 4]]);
  });

  it('is not called for nothing', async () => {
    const desk = poison();
    expect(await desk.handle(0)).toEqual([]);
    expect(desk.calls).toEqual([]);
  });

  it('that fails over one message gets all others, in order, and that one becomes a dead letter', async () => {
    for (let bad = 0; bad < 7; bad += 1) {
      const desk = poison(bad);

      const letters = await desk.handle(7);

      expect(letters).toMatchObject([
        { delivery: { message: { id: `${bad}` } }, code: 'unusable', reason: 'oh' },
      ]);
      expect(desk.done).toEqual([0, 1, 2, 3, 4, 5, 6].filter((id) => id !== bad));
    }
  });

  it('finds one message among 300 with few calls and without waiting for the others', async () => {
    const desk = poison(200);

    await desk.handle(300);

    expect(desk.calls.length).toBeLessThan(25);
    expect(desk.pauses).toEqual([]);
  });

  it('that fails over every message tries the first of them again, and no other', async () => {
    const desk = poison(0, 1, 2, 3);

    expect(await desk.handle(4)).toHaveLength(4);

    expect(desk.calls.filter((ids) => ids.length === 1)).toEqual([[0], [0], [0], [1], [2], [3]]);
  });

  it('that fails for a while over a lone message loses nothing', async () => {
    const desk = new Desk((_, call) => (call < 3 ? new Error('oh') : undefined));

    expect(await desk.handle(1)).toEqual([]);

    expect(desk.done).toEqual([0]);
  });

  it('gets the same batch again, undivided, while the store is away', async () => {
    const desk = new Desk((_, call) => (call < 5 ? new StoreUnavailableError('away') : undefined));

    expect(await desk.handle(3)).toEqual([]);

    expect(desk.calls).toEqual(Array.from({ length: 5 }, () => [0, 1, 2]));
    expect(desk.pauses).toEqual([100, 200, 400, 800]);
    expect(desk.lines).toEqual([
      "the handler of group 'g' failed and will get its messages again: away",
      "the handler of group 'g' works again after 4 failed attempt(s)",
    ]);
  });

  it('makes the consumer not ready from the third failure on, and says why, until it works', async () => {
    const problems: (string | undefined)[] = [];
    const desk = new Desk((_, call) => {
      problems.push(desk.calledFor.problem());
      return call < 5 ? new StoreUnavailableError('away') : undefined;
    });

    await desk.handle(1);

    expect(problems).toEqual([
      undefined,
      undefined,
      undefined,
      "the handler of group 'g' has failed 3 times in a row: away",
      "the handler of group 'g' has failed 4 times in a row: away",
    ]);
    expect(desk.calledFor.problem()).toBeUndefined();
  });

  it('that the store leaves alone while a batch is split gets that part again', async () => {
    let away = 3;
    const desk = new Desk((ids) => {
      if (ids.length === 2 && (away -= 1) > 0) return new StoreUnavailableError('away');
      return ids.includes(3) ? new Error('oh') : undefined;
    });

    const letters = await desk.handle(4);

    expect(letters).toHaveLength(1);
    expect(desk.done).toEqual([0, 1, 2]);
  });

  it('is left alone with a batch that is no longer to be done', async () => {
    const away = new Desk(() => new StoreUnavailableError('away'));
    expect(await away.handle(3, () => false)).toBeUndefined();
    expect(away.calls).toHaveLength(1);

    const faulty = new Desk(() => new Error('oh'));
    expect(await faulty.handle(3, () => false)).toBeUndefined();
    expect(faulty.calls).toHaveLength(1);
  });

  it('says no more than a line of what a message made it say', async () => {
    const desk = new Desk((ids) => (ids.includes(1) ? new Error('x'.repeat(600_000)) : undefined));

    const [letter] = (await desk.handle(2)) ?? [];

    expect(letter?.reason).toHaveLength(300);
    for (const line of desk.lines) expect(line.length).toBeLessThan(1_000);
  });

  it('must give back dead letters of its own batch', async () => {
    const [other] = deliveries(1);
    if (other === undefined) throw new Error('no delivery');
    const calls = new HandlerCalls({
      group: 'g',
      log: { log: () => undefined, warn: () => undefined, error: () => undefined },
      pause: async () => undefined,
      handle: async () => [{ delivery: other, code: 'c', reason: 'r' }],
    });

    const letters = await calls.handle(deliveries(1), () => true);

    expect(letters).toMatchObject([
      { code: 'unusable', reason: expect.stringContaining('not of this batch') },
    ]);
  });
});
