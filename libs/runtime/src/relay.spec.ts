import { beforeEach, describe, expect, it } from '@jest/globals';
import { lifecycleId, type OutgoingMessage } from '@skald/core';
import type { OwedRow, Transport } from '@skald/ports';
import { MemoryStore } from '@skald/memory';
import { VirtualClock } from '@skald/testing';
import { DefinitionRegistry } from './definition-registry.js';
import { Relay } from './relay.js';

const POLL_MS = 1_000;
const AFTER_MS = 5_000;

/** The last event of a saga: it is derived from its id alone. */
const idOf = (saga: string): string =>
  lifecycleId({ namespace: 'shop', definition: 'order@1', sagaId: saga, event: 'removed', revision: 2 });
const sagas = (count: number, prefix = 's'): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

describe('the relay', () => {
  let store: MemoryStore;
  let clock: VirtualClock;
  let relay: Relay;
  let arrived: Set<string>;
  /** How many messages each send was given. */
  let sends: number[];
  let warnings: string[];
  let refuses: (saga: string) => boolean;
  let isBrokerAway: boolean;

  const unused = (): Promise<never> => Promise.reject(new Error('not for the relay'));
  const transport: Transport = {
    ensureTopics: unused,
    consume: unused,
    close: unused,
    deadLetter: unused,
    send: (messages: readonly OutgoingMessage[]) => {
      sends.push(messages.length);
      const ids = messages.map(({ message }) => message.sagaid);
      if (ids.some(refuses)) return Promise.reject(new Error('too large'));
      for (const id of ids) arrived.add(id);
      return Promise.resolve();
    },
  };

  beforeEach(() => {
    store = new MemoryStore();
    clock = new VirtualClock();
    arrived = new Set();
    sends = [];
    warnings = [];
    refuses = () => false;
    isBrokerAway = false;
    relay = newRelay();
  });

  function newRelay(): Relay {
    return new Relay({
      namespace: 'shop',
      store,
      transport,
      definitions: new DefinitionRegistry(),
      clock,
      log: { log: () => undefined, warn: (line) => warnings.push(line), error: () => undefined },
      pollMs: POLL_MS,
      afterMs: AFTER_MS,
      isBrokerAway: () => isBrokerAway,
      end: () => Promise.resolve(),
    });
  }

  /** One row of the outbox, as a turn leaves it. */
  const owe = (...of: string[]): Promise<unknown> =>
    store.transact((turn) =>
      turn.save(
        'shop',
        { created: [], updated: [], history: [], owed: of.map(idOf), settled: [] },
        clock.now(),
      ),
    );
  const oweRows = async (of: readonly string[]): Promise<void> => {
    for (const one of of) await owe(one);
  };
  const rows = (): Promise<OwedRow[]> =>
    store.transact((turn) => turn.lockOwed('shop', Number.POSITIVE_INFINITY, 10_000));
  const due = (): Promise<void> => clock.advance(AFTER_MS + 1);

  /** Sweeps when the relay wants it. Never more than one send a sweep. */
  async function sweepFor(milliseconds: number): Promise<number> {
    const end = clock.now() + milliseconds;
    let sweeps = 0;
    while (clock.now() <= end) {
      const before = sends.length;
      const pause = await relay.sweep();
      sweeps += 1;
      expect(sends.length - before).toBeLessThanOrEqual(1);
      if (pause > 0) await clock.advance(pause);
      if (sweeps > 2_000) throw new Error('the relay does not rest');
    }
    return sweeps;
  }

  it('sends a hundred turns at once while all is well', async () => {
    await oweRows(sagas(250));
    await due();
    expect(await relay.sweep()).toBe(0);
    expect(await relay.sweep()).toBe(0);
    expect(await relay.sweep()).toBe(POLL_MS);
    expect(sends).toEqual([100, 100, 50]);
    expect(await rows()).toEqual([]);
    expect(warnings).toEqual([]);
  });

  describe('that meets a message that is refused', () => {
    it.each([0, 57, 149])('sends those of all other turns (the refused one is number %i)', async (n) => {
      const all = sagas(150);
      const poison = all[n];
      refuses = (saga) => saga === poison;
      await oweRows(all);
      await due();
      await sweepFor(20_000);
      expect([...arrived].toSorted()).toEqual(all.filter((one) => one !== poison).toSorted());
      expect((await rows()).map(({ ids }) => ids)).toEqual([[idOf(poison ?? '')]]);
    });

    it.each([0, 123, 299])('sends the others of the same turn at once (number %i)', async (n) => {
      const poison = `s-${n}`;
      refuses = (saga) => saga === poison;
      await owe(...sagas(300));
      await due();
      // It may pause once: when that one is alone.
      await sweepFor(POLL_MS);
      expect(arrived.size).toBe(299);
      // For each halving: the half that is refused, the other one, and both together.
      expect(sends.length).toBeLessThanOrEqual(3 * Math.ceil(Math.log2(300)) + 1);
      expect((await rows()).map(({ ids }) => ids)).toEqual([[idOf(poison)]]);
    });

    it('sends the others where many are refused in a row', async () => {
      const bad = sagas(30, 'bad');
      refuses = (saga) => saga.startsWith('bad');
      await owe(...bad, ...sagas(30));
      await owe(...sagas(30, 't'));
      await due();
      await sweepFor(60_000);
      expect(arrived.size).toBe(60);
      expect((await rows()).flatMap(({ ids }) => ids).toSorted()).toEqual(bad.map(idOf).toSorted());
    });

    it('says which it is and why, and tries it again only as often as messages fall due', async () => {
      refuses = () => true;
      await owe('bad');
      await due();
      const sweeps = await sweepFor(60_000);
      expect(sweeps).toBeLessThanOrEqual(61);
      expect(sends.length).toBeLessThanOrEqual(60_000 / AFTER_MS + 1);
      expect(warnings).toHaveLength(sends.length);
      expect(warnings[0]).toBe(
        `the relay could not send 1 message(s) of 1 unconfirmed turn(s), ${idOf('bad')}, and lets others go first: too large`,
      );
    });

    it('sends it when it is taken at last', async () => {
      refuses = (saga) => saga === 'bad';
      await owe('bad', 'good');
      await due();
      await sweepFor(10_000);
      refuses = () => false;
      await sweepFor(10_000);
      expect([...arrived].toSorted()).toEqual(['bad', 'good']);
      expect(await rows()).toEqual([]);
    });

    it('sends a hundred turns at once again soon after', async () => {
      refuses = (saga) => saga === 's-0';
      await oweRows(sagas(400));
      await due();
      await sweepFor(20_000);
      expect(sends).toContain(100);
      expect(sends.filter((size) => size === 100).length).toBeGreaterThanOrEqual(2);
      expect(arrived.size).toBe(399);
    });

    it('shares the queue with the relay of another replica', async () => {
      refuses = (saga) => saga === 's-7';
      await owe(...sagas(40));
      await oweRows(sagas(40, 't'));
      await due();
      const other = newRelay();
      for (let n = 0; n < 40; n += 1) {
        await Promise.all([relay.sweep(), other.sweep()]);
        await clock.advance(100);
      }
      expect(arrived.size).toBe(79);
      expect((await rows()).flatMap(({ ids }) => ids)).toEqual([idOf('s-7')]);
    });
  });

  describe('while nothing can be sent', () => {
    beforeEach(async () => {
      refuses = () => true;
      for (let n = 0; n < 150; n += 1) await owe(...sagas(3, `t-${n}`));
      await due();
    });

    it('waits between its sends and leaves the outbox as it is', async () => {
      isBrokerAway = true;
      const before = await rows();
      expect(await sweepFor(60_000)).toBeLessThanOrEqual(61);
      expect(await rows()).toEqual(before);
      expect(warnings).toEqual([
        'the relay could not send 300 message(s) of 100 unconfirmed turn(s) and tries again with fewer: too large',
      ]);
    });

    it('loses nothing and comes to rest where it cannot know that the broker is away', async () => {
      const sweeps = await sweepFor(60_000);
      // It pauses after all but the first halvings.
      expect(sweeps).toBeLessThanOrEqual(61 + 10);
      expect((await rows()).flatMap(({ ids }) => ids)).toHaveLength(450);
    });

    it.each([true, false])('sends all when that is over (known to be away: %s)', async (known) => {
      isBrokerAway = known;
      await sweepFor(30_000);
      refuses = () => false;
      isBrokerAway = false;
      await sweepFor(10_000);
      expect(arrived.size).toBe(450);
      expect(await rows()).toEqual([]);
      expect(sends).toContain(300);
    });
  });
});
