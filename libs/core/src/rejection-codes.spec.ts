import { describe, expect, it } from '@jest/globals';
import { given } from '@skald/testing';
import { OrderInput, ReleaseStock, ReserveStock, ReserveStockRequest } from './order.fixture.js';
import { command } from './contract.js';
import { saga } from './saga.js';

/** Which a participant may say, in any language and by mistake. */
const OF_EVERY_OBJECT = Object.getOwnPropertyNames(Object.prototype);

const Deliver = command('stock.deliver', { request: ReserveStockRequest, rejections: ['sold_out'] });
const definition = (onRejected: { readonly sold_out?: 'reserve' }) =>
  saga('rejected', { version: 1, input: OrderInput })
    .step('reserve', {
      send: ReserveStock,
      with: ({ input }) => ({ item: input.item }),
      undo: { send: ReleaseStock, with: ({ input }) => ({ item: input.item }) },
    })
    .step('deliver', { send: Deliver, with: ({ input }) => ({ item: input.item }), onRejected })
    .step('again', { send: Deliver, with: ({ input }) => ({ item: input.item }) })
    .build();

describe('a rejection whose code is the name of something that every object has (P7)', () => {
  it.each(OF_EVERY_OBJECT)('%s: is a no like any other, and the saga is compensated', (code) => {
    const story = given(definition({ sold_out: 'reserve' }), { item: 'hat', amount: 1 })
      .expectCommand(ReserveStock)
      .reply({ reservationId: 'r' });
    story
      .expectCommand(Deliver)
      .reject(code as never)
      .expectCommand(ReleaseStock)
      .reply();
    story.expectCompensated(['reserve']);
    expect(story.instance.failure).toMatchObject({ step: 'deliver', outcome: 'rejected', code });
  });
});
