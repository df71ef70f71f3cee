import { afterEach, describe, expect, it } from '@jest/globals';
import { command, type Message, saga, topics } from '@skald/core';
import { StoreTooSlowError, StoreUnavailableError } from '@skald/ports';
import { IsString } from 'class-validator';
import { messageFor, Shop } from './shop.fixture.js';

class Order {
  @IsString()
  item!: string;
}
const Reserve = command('stock.reserve', { request: Order });
const OrderSaga = saga('order', { version: 1, input: Order })
  .step('reserve', { send: Reserve, with: ({ input }) => ({ item: input.item }) })
  .build();
const NapSaga = saga('nap', { version: 1, input: Order }).sleep('nap', '1m').build();

describe('work that takes longer than the database gives a statement', () => {
  let shop: Shop;
  afterEach(() => shop.close());

  function start(id: string, definition = 'order'): Message {
    return messageFor('skald.saga.start', id, { definition, input: { item: 'hat' } }, { id: `m-${id}` });
  }
  async function sendAll(messages: readonly Message[]): Promise<void> {
    await shop.participant.send(messages.map((message) => ({ topic: topics.requests('shop'), message })));
  }
  const ids = Array.from({ length: 40 }, (_, n) => `o-${n}`);

  it('is done in smaller parts, where those are fast enough', async () => {
    shop = await new Shop({ definitions: [OrderSaga] }).open();
    shop.beforeSave = ({ created, updated }) => {
      if (created.length + updated.length > 10) throw new StoreTooSlowError('a statement was cut off');
    };
    await sendAll(ids.map((id) => start(id)));
    await shop.clock.advance(30_000);

    expect(await Promise.all(ids.map((id) => shop.status(id)))).toEqual(ids.map(() => 'completed'));
    expect(shop.deadLetters()).toEqual([]);
  });

  it('is put aside where it takes too long alone and all else gets done', async () => {
    shop = await new Shop({ definitions: [OrderSaga] }).open();
    shop.beforeSave = ({ created }) => {
      if (created.some(({ id }) => id === 'o-7')) throw new StoreTooSlowError('a statement was cut off');
    };
    await sendAll(ids.map((id) => start(id)));
    await shop.clock.advance(30_000);

    const others = ids.filter((id) => id !== 'o-7');
    expect(await Promise.all(others.map((id) => shop.status(id)))).toEqual(others.map(() => 'completed'));
    expect(shop.deadLetters()).toEqual(['unusable o-7']);
  });

  it('stays when nothing else gets done either, and is done when the database is well again', async () => {
    shop = await new Shop({ definitions: [OrderSaga] }).open();
    const { processes } = shop.store;
    const beat = processes.beat.bind(processes);
    processes.beat = () => Promise.reject(new StoreUnavailableError('it is slow'));
    shop.beforeSave = () => {
      throw new StoreTooSlowError('a statement was cut off');
    };
    await sendAll(ids.map((id) => start(id)));
    await shop.clock.advance(120_000);
    expect(shop.deadLetters()).toEqual([]);

    processes.beat = beat;
    shop.beforeSave = () => undefined;
    await shop.clock.advance(30_000);
    expect(await Promise.all(ids.map((id) => shop.status(id)))).toEqual(ids.map(() => 'completed'));
    expect(shop.deadLetters()).toEqual([]);
  });

  it('is woken in smaller parts, too', async () => {
    shop = await new Shop({ definitions: [NapSaga] }).open();
    await sendAll(ids.map((id) => start(id, 'nap')));
    await shop.clock.advance(1_000);
    shop.beforeSave = ({ updated }) => {
      if (updated.length > 10) throw new StoreTooSlowError('a statement was cut off');
    };
    await shop.clock.advance(120_000);

    expect(await Promise.all(ids.map((id) => shop.status(id)))).toEqual(ids.map(() => 'completed'));
  });
});
