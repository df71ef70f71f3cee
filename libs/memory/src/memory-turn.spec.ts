import { describe, expect, it } from '@jest/globals';
import type { SagaInstance } from '@skald/core';
import { type Changes, ConcurrentChangeError, type StoreTurn } from '@skald/ports';
import { MemoryStore } from './memory-store.js';

const NOTHING: Changes = { created: [], updated: [], history: [], owed: [], settled: [] };
const OWN = { definitions: ['order@1'], except: [] };
const KEYS = { one: { namespace: 'shop', id: 'one' }, two: { namespace: 'shop', id: 'two' } };

function instance(id: string, revision = 1): SagaInstance {
  return {
    namespace: 'shop',
    id,
    definition: { name: 'order', version: 1, hash: '0' },
    status: 'running',
    revision,
    input: {},
    results: {},
    cursor: 'pay',
    visits: [],
    wakeAt: 5,
    createdAt: 1,
    updatedAt: 1,
  };
}

/** A transaction that is held open between what it has read and its commit. */
async function open(
  store: MemoryStore,
  begin: (turn: StoreTurn) => Promise<unknown>,
): Promise<{ readonly turn: StoreTurn; commit(): Promise<void> }> {
  let commit: () => void = () => undefined;
  const committed = new Promise<void>((resolve) => (commit = resolve));
  let ended: Promise<void> = Promise.resolve();
  const turn = await new Promise<StoreTurn>((resolve, reject) => {
    ended = store.transact(async (own) => {
      await begin(own);
      resolve(own);
      await committed;
    });
    ended.catch(reject);
  });
  return {
    turn,
    commit: () => {
      commit();
      return ended;
    },
  };
}

async function withTwo(): Promise<MemoryStore> {
  const store = new MemoryStore({ isConcurrent: true });
  const created = [instance('one'), instance('two')];
  await store.transact((turn) => turn.save('shop', { ...NOTHING, created, owed: ['a'] }, 1));
  return store;
}

const update = (id: string, fromRevision: number): Changes => ({
  ...NOTHING,
  updated: [{ instance: instance(id, fromRevision + 1), fromRevision }],
});

describe('transactions in memory that run at the same time', () => {
  it('see of each other what is committed, and nothing before', async () => {
    const store = await withTwo();
    const first = await open(store, async (turn) => {
      await turn.lock([KEYS.one]);
      await turn.save('shop', update('one', 1), 1);
    });
    const revision = (): Promise<number | undefined> =>
      store.transact(async (turn) => (await turn.find([KEYS.one]))[0]?.revision);
    expect(await revision()).toBe(1);
    await first.commit();
    expect(await revision()).toBe(2);
  });

  it('pass over due instances and outbox rows that another one has locked', async () => {
    const store = await withTwo();
    const first = await open(store, async (turn) => {
      await turn.lock([KEYS.one]);
      await turn.lockOwed('shop', 2, 9);
    });
    const seen = (): Promise<[string[], number]> =>
      store.transact(async (turn) => {
        const due = await turn.lockDue('shop', OWN, 9, 9);
        return [due.map(({ id }) => id), (await turn.lockOwed('shop', 2, 9)).length];
      });
    expect(await seen()).toEqual([['two'], 0]);
    await first.commit();
    expect(await seen()).toEqual([['one', 'two'], 1]);
  });

  it('wait for whoever creates the same instance, and lose that race', async () => {
    const store = await withTwo();
    const create = { ...NOTHING, created: [instance('three')] };
    const first = await open(store, (turn) => turn.save('shop', create, 1));
    const second = store.transact((turn) => turn.save('shop', create, 1));
    const told = expect(second).rejects.toThrow(ConcurrentChangeError);
    await first.commit();
    await told;
  });

  it('lose the race for an instance that they have read without a lock', async () => {
    const store = await withTwo();
    const first = await open(store, (turn) => turn.find([KEYS.one]));
    await store.transact((turn) => turn.save('shop', update('one', 1), 1));
    await expect(first.turn.save('shop', update('one', 1), 1)).rejects.toThrow(ConcurrentChangeError);
    await first.commit();
  });

  it('do not wait for each other for ever', async () => {
    const store = await withTwo();
    const first = await open(store, (turn) => turn.lock([KEYS.one]));
    const second = await open(store, (turn) => turn.lock([KEYS.two]));
    const waiting = first.turn.lock([KEYS.two]);
    await expect(second.turn.lock([KEYS.one])).rejects.toThrow('wait for each other');
    await second.commit();
    expect(await waiting).toHaveLength(1);
    await first.commit();
  });

  it('hold nobody up once their connection is lost', async () => {
    const store = await withTwo();
    const first = await open(store, (turn) => turn.lock([KEYS.one]));
    store.loseConnections();
    await store.transact((turn) => turn.lock([KEYS.one]));
    await expect(first.commit()).rejects.toThrow('connection');
  });
});
