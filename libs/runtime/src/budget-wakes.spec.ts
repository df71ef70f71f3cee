import { afterEach, describe, expect, it } from '@jest/globals';
import { command, saga, topics } from '@skald/core';
import type { StoreTurn } from '@skald/ports';
import { MemoryStore } from '@skald/memory';
import { Shop } from './shop.fixture.js';

class Order {
  item?: string;
}
const OrderSaga = saga('order', { version: 1, input: Order })
  .step('reserve', {
    send: command('stock.reserve', { request: Order }),
    with: () => ({}),
    timeout: '1s',
    retry: { maximumAttempts: 5, initialInterval: '1s', jitter: 0 },
  })
  .build();

/** Counts the instances that timers lock and load. */
class CountingStore extends MemoryStore {
  woken = 0;

  override transact<T>(work: (turn: StoreTurn) => Promise<T>): Promise<T> {
    return super.transact((turn) => {
      const lockDue = turn.lockDue.bind(turn);
      turn.lockDue = async (...args) => {
        const due = await lockDue(...args);
        this.woken += due.length;
        return due;
      };
      return work(turn);
    });
  }
}

describe('sagas that wait for the budget of a participant that reads and answers nobody', () => {
  let shop: Shop;
  afterEach(() => shop.close());

  it('are not all locked, loaded and written again every second for the one that may be sent', async () => {
    shop = new Shop({ definitions: [OrderSaga] });
    shop.answer = () => undefined;
    const store = new CountingStore({ now: () => shop.clock.now() });
    await shop.open({ store });
    const sagas = 600;
    for (let n = 0; n < sagas; n += 1) {
      await shop.engine.startSaga({ definition: 'order', id: `o-${n}`, input: {} });
    }
    await shop.clock.advance(6_000);
    const before = shop.commands.length;
    store.woken = 0;
    await shop.clock.advance(20_000);

    const resent = shop.commands.length - before;
    expect(resent).toBeGreaterThanOrEqual(18);
    expect(store.woken).toBeLessThan(1.5 * sagas);
    expect(shop.broker.messages(topics.commands('shop', 'stock'))).toHaveLength(shop.commands.length);
  });
});
