import { describe, expect, it } from '@jest/globals';
import { OrderInput, OrderStory, ReleaseStock, ReserveStock, ReserveStockRequest } from './order.fixture.js';
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
    // Past the door, which refuses what the contract does not declare.
    const story = new OrderStory(definition({ sold_out: 'reserve' })).begin();
    story.succeeds('reserve', { reservationId: 'r' }).rejects('deliver', code);
    story.succeeds('reserve', null, 'undo');
    expect(story.sent).toEqual(['do reserve #1', 'do deliver #1', 'undo reserve #1']);
    expect(story.state.status).toBe('compensated');
    expect(story.state.failure).toMatchObject({ step: 'deliver', outcome: 'rejected', code });
  });
});
