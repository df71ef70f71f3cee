import { describe, it } from '@jest/globals';
import { given } from '@skald/testing';
import { Charge, OrderInput, Refund, ReserveStock } from './order.fixture.js';
import { saga } from './saga.js';

const Saga = saga('loop', { version: 1, input: OrderInput })
  .step('reserve', {
    send: ReserveStock,
    with: ({ input }) => ({ item: input.item }),
    as: 'stock',
    jump: ({ stock }) => (stock.reservationId === 'again' ? 'reserve' : undefined),
    undo: { send: Refund, with: ({ stock }) => ({ reservationId: stock?.reservationId ?? 'none' }) },
  })
  .step('charge', { send: Charge, with: ({ stock, input }) => ({ ...stock, amount: input.amount }) })
  .build();

describe('a step that is visited more than once', () => {
  it('is undone for every visit, newest first, each with its own reply', () => {
    given(Saga, { item: 'hat', amount: 1 })
      .expectCommand(ReserveStock)
      .reply({ reservationId: 'again' })
      .expectCommand(ReserveStock)
      .reply({ reservationId: 'r-2' })
      .expectCommand(Charge)
      .reject('no_money')
      .expectCommand(Refund, { reservationId: 'r-2' })
      .reply()
      .expectCommand(Refund, { reservationId: 'again' })
      .reply()
      .expectCompensated(['reserve', 'reserve']);
  });

  it('has no reply of its own when this visit was never answered, though an earlier one was', () => {
    const story = given(Saga, { item: 'hat', amount: 1 })
      .expectCommand(ReserveStock)
      .reply({ reservationId: 'again' });
    story.expectCommand(ReserveStock).noReply();
    story
      .cancel()
      .expectCommand(Refund, { reservationId: 'none' })
      .reply()
      .expectCommand(Refund, { reservationId: 'again' })
      .reply()
      .expectCompensated();
  });
});
