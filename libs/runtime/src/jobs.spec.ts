import { afterEach, describe, expect, it } from '@jest/globals';
import { command, saga } from '@skald/core';
import { type ProcessNote, type Store, type StoreTurn, UnstorableError } from '@skald/ports';
import { MemoryStore } from '@skald/memory';
import { IsString } from 'class-validator';
import { DefinitionRegistry } from './definition-registry.js';
import { Shop } from './shop.fixture.js';

class Order {
  @IsString()
  item!: string;
}
const Reserve = command('stock.reserve', { request: Order });
const reserve = { send: Reserve, with: ({ input }: { input: Order }): Order => input } as const;
const OrderSaga = saga('order', { version: 1, input: Order }).step('reserve', reserve).build();
const ChangedSaga = saga('order', { version: 1, input: Order })
  .step('reserve', reserve)
  .step('again', reserve)
  .build();

/** What each periodic job of an engine asks its store for, and nothing else does. */
const JOBS = {
  'waking timers': 'lockDue',
  'the relay': 'lockOwed',
  'telling the others that this process lives': 'beat',
  'taking up kept messages': 'take',
  'comparing instances with their definitions': 'pinned',
  'removing ended instances': 'lockEnded',
  'dropping traces of removed instances': 'dropTraces',
} as const;
type Asked = (typeof JOBS)[keyof typeof JOBS];

/** Counts what is asked for, and fails where it is told to. */
class WatchedStore {
  readonly counts = new Map<string, number>();
  failing: Asked | undefined;

  of(store: MemoryStore): Store {
    const processes = this.watched(store.processes);
    const transact = <T>(work: (turn: StoreTurn) => Promise<T>): Promise<T> =>
      store.transact((turn) => work(this.watched(turn)));
    return this.watched<Store>(store, { processes, transact });
  }

  private watched<T extends object>(target: T, instead: object = {}): T {
    return new Proxy(target, {
      get: (_, name) => {
        if (name in instead) return Reflect.get(instead, name) as unknown;
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]): unknown => {
          this.counts.set(String(name), 1 + (this.counts.get(String(name)) ?? 0));
          if (name === this.failing) return Promise.reject(new Error('a bad row'));
          return Reflect.apply(member, target, given);
        };
      },
    });
  }
}

describe('the periodic jobs of an engine', () => {
  let shop: Shop;
  afterEach(() => shop.close());

  it.each(Object.entries(JOBS))(
    'go on while one of them fails, and that one works again: %s',
    async (name, asked) => {
      const watched = new WatchedStore();
      shop = new Shop({ definitions: [OrderSaga] });
      await shop.open({ store: watched.of(shop.store), retentionMs: 1_000 });
      const others = Object.values(JOBS).filter((one) => one !== asked);
      // Those that run now and then do so when the engine starts.
      const often = new Set<Asked>(['lockDue', 'lockOwed', 'beat', 'take', 'lockEnded']);
      await shop.clock.advance(1_000);
      await shop.engine.stop();
      watched.counts.clear();

      if (asked !== 'beat') watched.failing = asked;
      await shop.run({ store: watched.of(shop.store), retentionMs: 1_000 });
      watched.failing = asked;
      await shop.clock.advance(20_000);
      for (const other of others) {
        expect({ other, count: watched.counts.get(other) }).toEqual({ other, count: expect.any(Number) });
        if (often.has(other)) expect(watched.counts.get(other)).toBeGreaterThan(3);
      }
      expect(watched.counts.get(asked)).toBeGreaterThan(3);
      expect(
        shop.lines.filter((line) => line.includes(`${name} failed and is tried again: a bad row`)),
      ).toHaveLength(1);

      watched.failing = undefined;
      await shop.clock.advance(10_000);
      expect(shop.lines.join('\n')).toContain(`${name} works again`);
      await shop.engine.startSaga({ definition: 'order', id: 'o-1', input: { item: 'hat' } });
      await shop.clock.advance(1_000);
      expect(await shop.status('o-1')).toBe('completed');
    },
  );

  it('hear of all other processes beside one whose note cannot be read', async () => {
    const notes: unknown[] = [
      { id: 'odd-1', label: '', definitions: null },
      { id: 'odd-2', label: '', definitions: [null, { definition: 7 }] },
      { id: 'other', label: '', definitions: [{ definition: 'refund@1', hash: 'h' }] },
    ];
    shop = new Shop({ definitions: [OrderSaga] });
    shop.store.processes.beat = () => Promise.resolve(notes as ProcessNote[]);
    await shop.open();
    await shop.send('skald.saga.start', 'r-1', { definition: 'refund', input: {} });
    await shop.clock.advance(1_000);
    // It is kept for the one that knows it.
    expect(shop.deadLetters()).toEqual([]);
    expect([...(await shop.store.processes.keptStarts('shop', ['r-1'])).keys()]).toEqual(['r-1']);
  });

  it('suspend all sagas whose definition has changed but one that cannot even be suspended', async () => {
    shop = new Shop({ definitions: [OrderSaga], participants: ['payment'] });
    await shop.open();
    const ids = ['o-0', 'o-1', 'o-2', 'o-3'];
    for (const id of ids) {
      await shop.engine.startSaga({ definition: 'order', id, input: { item: 'hat' } });
    }
    await shop.engine.stop();
    shop.beforeSave = ({ updated }) => {
      if (updated.some(({ instance }) => instance.id === 'o-1')) throw new UnstorableError('it is refused');
    };
    const definitions = new DefinitionRegistry();
    definitions.register(ChangedSaga);
    await shop.run({ definitions });
    await shop.clock.advance(5_000);
    const statuses = await Promise.all(ids.map((id) => shop.status(id)));
    expect(statuses).toEqual(['suspended', 'running', 'suspended', 'suspended']);
    expect(shop.lines.filter((line) => line.includes("saga 'o-1' cannot be suspended"))).toHaveLength(1);
  });
});
