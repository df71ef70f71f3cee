import { afterEach, describe, expect, it } from '@jest/globals';
import { type Engines, engines, OrderSaga } from './engines.js';

describe('two replicas on PostgreSQL that get the same start at once', () => {
  let shop: Engines | undefined;
  afterEach(() => shop?.close());

  it('start the saga once, and both say that it is started', async () => {
    shop = await engines();
    const replicas = [await shop.start([OrderSaga]), await shop.start([OrderSaga])];
    const started: number[] = [];
    for (let number = 0; number < 60; number += 1) {
      const start = { definition: 'order', id: `order-${number}`, input: { item: 'book' } };
      const both = await Promise.all(replicas.map((replica) => replica.startSaga(start)));
      started.push(both.filter(({ isNew }) => isNew).length);
    }
    expect(started).toEqual(Array.from({ length: 60 }, () => 1));
  });

  it('refuse what is another saga of the same id, as if they had come one after the other', async () => {
    shop = await engines();
    const replicas = [await shop.start([OrderSaga]), await shop.start([OrderSaga])];
    for (let number = 0; number < 20; number += 1) {
      const ends = await Promise.allSettled(
        replicas.map((replica, one) =>
          replica.startSaga({ definition: 'order', id: `order-${number}`, input: { item: `book ${one}` } }),
        ),
      );
      const refused = ends.flatMap((end) =>
        end.status === 'rejected' ? [end.reason as { code: string }] : [],
      );
      expect(refused.map(({ code }) => code)).toEqual(['saga_exists']);
    }
  });
});

describe('two replicas on PostgreSQL that get the same starts in opposite orders', () => {
  let shop: Engines | undefined;
  afterEach(() => shop?.close());

  it('do not wait for each other for ever: both batches are stored, each saga once', async () => {
    shop = await engines();
    const replicas = [await shop.start([OrderSaga]), await shop.start([OrderSaga])];
    for (let round = 0; round < 10; round += 1) {
      const ids = Array.from({ length: 40 }, (_, number) => `order-${round}-${number}`);
      const startAll = (replica: (typeof replicas)[number], order: readonly string[]): Promise<unknown[]> =>
        Promise.all(
          order.map((id) => replica.startSaga({ definition: 'order', id, input: { item: 'book' } })),
        );
      const [one, two] = replicas;
      if (one === undefined || two === undefined) throw new Error('there are two');
      await Promise.all([startAll(one, ids), startAll(two, ids.toReversed())]);
    }
    const [row]: object[] = await shop.dataSource.query('SELECT count(*)::int AS count FROM skald_history');
    expect(row).toEqual({ count: 400 });
  });
});
