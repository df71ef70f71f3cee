import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type HistoryEntry, type SagaInstance, textProblem } from '@skald/core';
import fc from 'fast-check';
import {
  type Changes,
  ConcurrentChangeError,
  type RemovedInstance,
  StartedBeforeError,
  type Store,
  type StoreTurn,
  UnstorableError,
} from '@skald/ports';
import { describeProcesses } from './processes.contract.js';

export interface StoreHarness {
  readonly store: Store;
  /** Lets so many milliseconds pass by the store's own clock since what processes have noted so far. */
  silence(forMs: number): Promise<void>;
  close(): Promise<void>;
}

const NOTHING: Changes = { created: [], updated: [], history: [], owed: [], settled: [] };
const AT = Date.parse('2026-11-20T03:00:00.123Z');

function instance(id: string, fields: Partial<SagaInstance> = {}): SagaInstance {
  return {
    namespace: 'shop',
    id,
    definition: { name: 'order', version: 2, hash: '0123456789abcdef' },
    status: 'running',
    revision: 1,
    input: { quantity: 3, note: 'a "quoted" \\ line\nand an é, a 漢 and a \u0001' },
    results: { stock: { reservation: 'r-1' } },
    cursor: 'charge',
    visits: [
      { step: 'reserve stock', visit: 1, action: { state: 'pending', attempt: 1, dueAt: AT + 30_000 } },
    ],
    wakeAt: AT + 30_000,
    createdAt: AT,
    updatedAt: AT,
    ...fields,
  };
}

/** What a process wakes that knows the definition of these instances. */
const OWN = { definitions: ['order@2'], except: [] };

function entry(sequence: number): HistoryEntry {
  return { sequence, at: AT + sequence, cause: { kind: 'started' }, effects: [], status: 'running' };
}

function key(id: string): { namespace: string; id: string } {
  return { namespace: 'shop', id };
}

function trace(id: string, fields: Partial<RemovedInstance> = {}): RemovedInstance {
  return {
    ...key(id),
    definition: 'order@2',
    status: 'completed',
    removedAt: AT,
    actor: 'ada',
    reason: 'asked for by the customer: "§ 17"',
    keptUntil: AT + 1_000,
    ...fields,
  };
}

/** What the engine relies on, whatever keeps its instances. */
export function describeStore(name: string, open: () => Promise<StoreHarness>): void {
  describe(`a store: ${name}`, () => {
    let harness: StoreHarness;
    let store: Store;
    const save = (changes: Partial<Changes>, now = AT): Promise<string | undefined> =>
      store.transact((turn) => turn.save('shop', { ...NOTHING, ...changes }, now));

    beforeEach(async () => {
      harness = await open();
      store = harness.store;
    });
    afterEach(() => harness.close());

    it('gives back an instance as it was saved', async () => {
      const failure = { step: 'pay', outcome: 'rejected', code: 'no_money', message: 'x' } as const;
      const saved = instance('one', { failure, suspension: failure, output: { ok: [1, null, 'é'] } });
      await save({ created: [saved] });
      expect(await store.find([key('one')])).toEqual([saved]);
      expect(await store.transact((turn) => turn.lock([key('one')]))).toEqual([saved]);
    });

    it('leaves unknown keys out', async () => {
      await save({ created: [instance('known')] });
      const found = await store.transact((turn) => turn.lock([key('unknown'), key('known')]));
      expect(found.map(({ id }) => id)).toEqual(['known']);
      expect(await store.find([])).toEqual([]);
    });

    it('keeps instances of different namespaces with the same id apart', async () => {
      await save({ created: [instance('same')] });
      const created = [instance('same', { namespace: 'other', status: 'completed' })];
      await store.transact((turn) => turn.save('other', { ...NOTHING, created }, AT));
      const [found] = await store.find([{ namespace: 'other', id: 'same' }]);
      expect(found?.status).toBe('completed');
    });

    it('replaces everything but the input on an update', async () => {
      const before = instance('one');
      await save({ created: [before] });
      const after = instance('one', {
        status: 'completed',
        revision: 4,
        results: {},
        visits: [],
        wakeAt: null,
        updatedAt: AT + 5,
      });
      await save({ updated: [{ instance: after, fromRevision: 1 }] });
      expect(await store.find([key('one')])).toEqual([after]);
    });

    it('moves a wake-up without touching anything else of the instance', async () => {
      const before = instance('late', { wakeAt: AT });
      await save({ created: [before, instance('other', { wakeAt: AT + 7 })] });
      await save({ postponed: [{ key: key('late'), wakeAt: AT + 60_000 }] });
      expect(await store.find([key('late')])).toEqual([{ ...before, wakeAt: AT + 60_000 }]);
      expect(await store.nextWakeup('shop', OWN)).toBe(AT + 7);
      const due = await store.transact((turn) => turn.lockDue('shop', OWN, AT + 10, 10));
      expect(due.map(({ id }) => id)).toEqual(['other']);
    });

    it('saves three hundred changes in one turn', async () => {
      const many = Array.from({ length: 300 }, (_, index) => instance(`saga-${index}`));
      await save({
        created: many,
        history: many.map(({ id }) => ({ key: key(id), entry: entry(1) })),
        owed: many.map(({ id }) => `id of ${id}`),
      });
      const keys = many.map(({ id }) => key(id));
      expect(await store.transact((turn) => turn.lock(keys))).toHaveLength(300);
    });

    it('refuses to create an instance that exists, and writes nothing else of that turn', async () => {
      await save({ created: [instance('taken')] });
      const attempt = save({ created: [instance('taken'), instance('new')], owed: ['x'] });
      await expect(attempt).rejects.toThrow(ConcurrentChangeError);
      expect(await store.find([key('new')])).toEqual([]);
      expect(await owedIds(AT + 1)).toEqual([]);
    });

    it('refuses to update an instance that another worker has changed', async () => {
      await save({ created: [instance('one', { revision: 7 })] });
      const attempt = save({ updated: [{ instance: instance('one', { revision: 7 }), fromRevision: 6 }] });
      await expect(attempt).rejects.toThrow(ConcurrentChangeError);
    });

    it.each<[string, Partial<SagaInstance>]>([
      ['a time that is no date', { updatedAt: Number.NaN }],
      ['a time that a database has no date for', { wakeAt: Date.parse('+012345-01-01T00:00:00Z') }],
      ['what is not JSON', { output: 1n }],
    ])('refuses for good %s, and writes nothing else of that turn', async (_, fields) => {
      await save({ created: [instance('old')] });
      const created = save({ created: [instance('good'), instance('bad', fields)], owed: ['x'] });
      await expect(created).rejects.toThrow(UnstorableError);
      const bad = { ...instance('old', fields), revision: 2 };
      await expect(save({ updated: [{ instance: bad, fromRevision: 1 }] })).rejects.toThrow(UnstorableError);
      expect(await store.find([key('old'), key('good'), key('bad')])).toEqual([instance('old')]);
      expect(await owedIds(AT + 1)).toEqual([]);
    });

    it.each([
      ['nothing', ''],
      ['NUL', 'a\0b'],
      ['half a character', 'a\uD800'],
      ['the character that separates values', 'a\u001eb'],
    ])('refuses for good an id of, or with, %s, and what is owed of it', async (_, text) => {
      await expect(save({ created: [instance('good'), instance(text)] })).rejects.toThrow(UnstorableError);
      await expect(save({ owed: ['x', text] })).rejects.toThrow(UnstorableError);
      expect(await store.find([key('good')])).toEqual([]);
      expect(await owedIds(AT + 1)).toEqual([]);
    });

    it.each(['a\0b', 'a\uD800'])('refuses for good a trace whose reason is %j', async (reason) => {
      await save({ created: [instance('one')] });
      await expect(save({ removed: [trace('one', { reason })] })).rejects.toThrow(UnstorableError);
      expect(await store.find([key('one')])).toHaveLength(1);
    });

    it('keeps any id exactly, or refuses it for good', async () => {
      const ids = fc.string({ unit: 'binary', maxLength: 20 }).filter((id) => id !== '');
      await fc.assert(
        fc.asyncProperty(ids, async (id) => {
          const one = instance(id, { input: { id } });
          const saved = await save({ created: [one], owed: [id] }).catch((error: unknown) => error);
          const isRefused = textProblem(id) !== undefined || id.includes('\u001e');
          if (isRefused) expect(saved).toBeInstanceOf(UnstorableError);
          else if (!(saved instanceof ConcurrentChangeError))
            expect(await store.find([key(id)])).toEqual([one]);
        }),
        { seed: 9, numRuns: 60 },
      );
    });

    it('keeps a wake-up at the beginning of 1970', async () => {
      await save({ created: [instance('old', { wakeAt: 0 })] });
      expect(await store.find([key('old')])).toEqual([instance('old', { wakeAt: 0 })]);
      expect(await dueIds(AT)).toEqual(['old']);
    });

    it('writes nothing of a turn that throws', async () => {
      const work = async (turn: StoreTurn): Promise<void> => {
        await turn.save('shop', { ...NOTHING, created: [instance('ghost')], owed: ['x'] }, AT);
        throw new Error('crashed');
      };
      await expect(store.transact(work)).rejects.toThrow('crashed');
      expect(await store.find([key('ghost')])).toEqual([]);
      expect(await owedIds(AT + 1)).toEqual([]);
    });

    it('lets one of two turns that want the same instance wait for the other', async () => {
      await save({ created: [instance('one')] });
      const order: string[] = [];
      const change = (label: string): Promise<void> =>
        store.transact(async (turn) => {
          const [loaded] = await turn.lock([key('one')]);
          if (loaded === undefined) throw new Error('not found');
          order.push(`${label} locked ${loaded.revision}`);
          await new Promise((resolve) => setTimeout(resolve, 50));
          const next = { ...loaded, revision: loaded.revision + 1 };
          await turn.save(
            'shop',
            { ...NOTHING, updated: [{ instance: next, fromRevision: loaded.revision }] },
            AT,
          );
        });
      await Promise.all([change('first'), change('second')]);
      expect(order).toHaveLength(2);
      expect(order[0]).toMatch(/locked 1$/);
      expect(order[1]).toMatch(/locked 2$/);
    });

    it('appends history and reads it from a given number on', async () => {
      const failure = { step: 'pay', outcome: 'failed', code: 'c', message: 'm' } as const;
      const entries = [entry(1), { ...entry(2), failure }, entry(3)];
      await save({
        created: [instance('one')],
        history: entries.map((one) => ({ key: key('one'), entry: one })),
      });
      expect(await store.history(key('one'), 0, 100)).toEqual(entries);
      expect(await store.history(key('one'), 1, 1)).toEqual([entries[1]]);
    });

    it('finds due instances, earliest first, and no others', async () => {
      await save({
        created: [
          instance('late', { wakeAt: AT + 2 }),
          instance('early', { wakeAt: AT + 1 }),
          instance('future', { wakeAt: AT + 1_000 }),
          instance('asleep', { wakeAt: null }),
        ],
      });
      expect(await dueIds(AT + 2)).toEqual(['early', 'late']);
      expect(await dueIds(AT)).toEqual([]);
      expect(await store.nextWakeup('shop', OWN)).toBe(AT + 1);
    });

    it('takes no more due instances than asked for', async () => {
      await save({ created: [1, 2, 3].map((n) => instance(`saga-${n}`, { wakeAt: AT + n })) });
      const due = await store.transact((turn) => turn.lockDue('shop', OWN, AT + 10, 2));
      expect(due.map(({ id }) => id)).toEqual(['saga-1', 'saga-2']);
    });

    it('leaves due instances of unknown definitions to a process that knows them', async () => {
      await save({ created: [instance('one', { wakeAt: AT })] });
      expect(
        await store.transact((turn) =>
          turn.lockDue('shop', { definitions: ['order@1', 'other@2'], except: [] }, AT, 10),
        ),
      ).toEqual([]);
      expect(await store.nextWakeup('shop', { definitions: ['order@1'], except: [] })).toBeNull();
    });

    it('leaves due instances of a structure that another process has to that one', async () => {
      await save({ created: [instance('one', { wakeAt: AT })] });
      const changed = { definitions: ['order@2'], except: ['order@2#0123456789abcdef'] };
      expect(await store.transact((turn) => turn.lockDue('shop', changed, AT, 10))).toEqual([]);
      expect(await store.nextWakeup('shop', changed)).toBeNull();
    });

    it('keeps what is owed until it is settled, oldest first', async () => {
      const first = await save({ owed: ['a', 'b'] }, AT);
      const second = await save({ owed: ['c'] }, AT + 1);
      expect(await owedIds(AT)).toEqual([]);
      expect(await owedIds(AT + 10)).toEqual([['a', 'b'], ['c']]);
      await save({ settled: [first ?? ''] });
      expect(await owedIds(AT + 10)).toEqual([['c']]);
      await save({ settled: [second ?? ''] });
      expect(await owedIds(AT + 10)).toEqual([]);
    });

    it('makes no outbox row for a turn that owes nothing', async () => {
      expect(await save({ created: [instance('quiet')] })).toBeUndefined();
      expect(await owedIds(AT + 10)).toEqual([]);
    });

    describe('between namespaces', () => {
      it('keeps timers and outbox apart', async () => {
        await save({ created: [instance('one', { wakeAt: AT })], owed: ['x'] });
        expect(await store.transact((turn) => turn.lockDue('other', OWN, AT, 10))).toEqual([]);
        expect(await store.transact((turn) => turn.lockOwed('other', AT + 1, 10))).toEqual([]);
        expect(await store.nextWakeup('other', OWN)).toBeNull();
        expect(await store.pinned('other')).toEqual([]);
      });
    });

    it('deletes an instance with its history', async () => {
      await save({
        created: [instance('one'), instance('two')],
        history: [{ key: key('one'), entry: entry(1) }],
      });
      await save({ removed: [trace('one')] });
      expect(await store.find([key('one'), key('two')])).toHaveLength(1);
      expect(await store.history(key('one'), 0, 10)).toEqual([]);
    });

    it('reads in a transaction, without locking, what is there', async () => {
      await save({ created: [instance('one')] });
      const found = await store.transact((turn) => turn.find([key('one'), key('unknown')]));
      expect(found).toEqual([instance('one')]);
    });

    describe('of an instance that was removed', () => {
      it('tells who removed it, when and why, newest first when its id was used again', async () => {
        await save({ created: [instance('one'), instance('two')] });
        await save({ removed: [trace('one'), trace('two')] });
        await save({ created: [instance('one')] });
        const again = trace('one', { incarnation: 'x7', actor: 'retention', reason: '', removedAt: AT + 5 });
        await save({ removed: [again] });
        expect(await store.removed(key('one'))).toEqual([again, trace('one')]);
        expect(await store.removed(key('never'))).toEqual([]);
        expect(await store.removed({ namespace: 'other', id: 'one' })).toEqual([]);
      });

      it('keeps by which message it was begun, and lets that one begin none again', async () => {
        await save({ created: [instance('one'), instance('two')], startIds: ['m-1', null] });
        expect(await store.find([key('one')])).toEqual([instance('one')]);
        const [loaded] = await store.find([key('one')]);
        await save({
          updated: [{ instance: instance('one', { revision: 2 }), fromRevision: loaded?.revision ?? 0 }],
        });
        await save({ removed: [trace('one'), trace('two')] });
        expect(await store.removed(key('one'))).toEqual([trace('one', { startId: 'm-1' })]);
        expect(await store.removed(key('two'))).toEqual([trace('two')]);

        const again = save({
          created: [instance('one'), instance('two'), instance('three')],
          startIds: ['m-1', 'm-1', 'm-1'],
          owed: ['x'],
        });
        await expect(again).rejects.toThrow(StartedBeforeError);
        await expect(again).rejects.toMatchObject({ starts: [{ key: key('one'), startId: 'm-1' }] });
        expect(await store.find([key('one'), key('two'), key('three')])).toEqual([]);
        expect(await owedIds(AT + 1)).toEqual([]);
      });

      it('lets another message begin another one, whatever was removed', async () => {
        await save({ removed: [trace('one', { startId: 'm-1' })] });
        await save({ created: [instance('one')], startIds: ['m-2'] });
        await save({ created: [instance('other')], startIds: ['m-1'] });
        const own = { ...instance('one'), namespace: 'other' };
        await store.transact((turn) =>
          turn.save('other', { ...NOTHING, created: [own], startIds: ['m-1'] }, AT),
        );
        expect(await store.find([key('one'), key('other'), { namespace: 'other', id: 'one' }])).toHaveLength(
          3,
        );
      });

      it('says that another worker was faster, where one has begun it meanwhile', async () => {
        await save({ removed: [trace('one', { startId: 'm-1' })] });
        await save({ created: [instance('one')], startIds: ['m-2'] });
        const late = save({ created: [instance('one')], startIds: ['m-3'] });
        await expect(late).rejects.toThrow(ConcurrentChangeError);
        await expect(late).rejects.not.toThrow(StartedBeforeError);
      });

      it('leaves no trace of a removal that was not committed', async () => {
        await save({ created: [instance('one')] });
        const work = async (turn: StoreTurn): Promise<void> => {
          await turn.save('shop', { ...NOTHING, removed: [trace('one')] }, AT);
          throw new Error('crashed');
        };
        await expect(store.transact(work)).rejects.toThrow('crashed');
        expect(await store.removed(key('one'))).toEqual([]);
      });

      it('drops traces whose time is over, a few at a time', async () => {
        await save({ removed: ['one', 'two'].map((id) => trace(id, { keptUntil: AT + 1 })) });
        await save({ removed: [trace('one', { keptUntil: AT + 100 })] });
        const drop = (before: number, limit: number): Promise<number> =>
          store.transact((turn) => turn.dropTraces('shop', before, limit));
        expect(await drop(AT + 1, 10)).toBe(0);
        expect(await drop(AT + 2, 1)).toBe(1);
        expect(await drop(AT + 2, 10)).toBe(1);
        expect(await store.removed(key('one'))).toEqual([trace('one', { keptUntil: AT + 100 })]);
        expect(await store.transact((turn) => turn.dropTraces('other', AT + 1_000, 10))).toBe(0);
      });
    });

    it('finds instances that ended before a time', async () => {
      await save({
        created: [
          instance('old', { status: 'completed', updatedAt: AT - 10 }),
          instance('new', { status: 'completed', updatedAt: AT + 10 }),
          instance('running', { updatedAt: AT - 10 }),
        ],
      });
      const ended = await store.transact((turn) => turn.lockEnded('shop', 0, AT, 10));
      expect(ended.map(({ id }) => id)).toEqual(['old']);
    });

    it('finds instances that ended in a stretch of time', async () => {
      const ended = (id: string, updatedAt: number): SagaInstance =>
        instance(id, { status: 'completed', updatedAt });
      await save({ created: [ended('a', AT), ended('b', AT + 10), ended('c', AT + 20)] });
      const found = await store.transact((turn) => turn.lockEnded('shop', AT + 10, AT + 20, 10));
      expect(found.map(({ id }) => id)).toEqual(['b']);
    });

    it('says of which sagas messages are owed', async () => {
      await save({ owed: ['shop/order@2/one/pay/do/1', 'shop/order@2/two//completed/3'] });
      const places = ['shop/order@2/one/', 'shop/order@2/on/', 'shop/order@2/two/', 'shop/order@2/three/'];
      const owing = (namespace: string): Promise<string[]> =>
        store.transact((turn) => turn.owing(namespace, places));
      expect((await owing('shop')).toSorted()).toEqual(['shop/order@2/one/', 'shop/order@2/two/']);
      expect(await owing('other')).toEqual([]);
    });

    it('says of which sagas messages are owed besides those that are known to have arrived', async () => {
      const arrived = await save({ owed: ['shop/order@2/one/pay/do/1', 'shop/order@2/two/pay/do/1'] });
      await save({ owed: ['shop/order@2/two/ship/do/1'] });
      const places = ['shop/order@2/one/', 'shop/order@2/two/'];
      const except = arrived === undefined ? [] : [arrived];
      const owing = await store.transact((turn) => turn.owing('shop', places, except));
      expect(owing).toEqual(['shop/order@2/two/']);
    });

    it('counts what unfinished instances were started with, and finds those that still move', async () => {
      const changed = { name: 'order', version: 2, hash: 'fedcba9876543210' };
      await save({
        created: [
          instance('one'),
          instance('two', { definition: changed }),
          instance('three', { definition: changed, status: 'suspended' }),
          instance('done', { status: 'completed' }),
        ],
      });
      expect(await store.pinned('shop')).toEqual(
        expect.arrayContaining([
          { definition: 'order@2', hash: '0123456789abcdef', count: 1 },
          { definition: 'order@2', hash: changed.hash, count: 2 },
        ]),
      );
      const found = await store.transact((turn) => turn.lockPinned('shop', 'order@2', changed.hash, 10));
      expect(found.map(({ id }) => id)).toEqual(['two']);
    });

    describeProcesses(
      () => store,
      (forMs) => harness.silence(forMs),
    );

    async function owedIds(before: number): Promise<(readonly string[])[]> {
      const rows = await store.transact((turn) => turn.lockOwed('shop', before, 10));
      return rows.map(({ ids }) => ids);
    }

    async function dueIds(now: number): Promise<string[]> {
      const due = await store.transact((turn) => turn.lockDue('shop', OWN, now, 10));
      return due.map(({ id }) => id);
    }
  });
}
