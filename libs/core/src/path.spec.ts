import { describe, expect, it } from '@jest/globals';
import { given } from '@skald/testing';
import { Charge, OrderInput, ReserveStock, Ship } from './order.fixture.js';
import { remainingPath } from './path.js';
import { saga } from './saga.js';

const Saga = saga('path', { version: 1, input: OrderInput })
  .parallel('prepare', (arms) =>
    arms
      .step('reserve', { send: ReserveStock, with: ({ input }) => ({ item: input.item }) })
      .step('check', { send: ReserveStock, with: ({ input }) => ({ item: input.item }) }),
  )
  .branch('by amount', ({ input }) => (input.amount > 0 ? 'paid' : 'free'), {
    paid: (arm) => arm.step('charge', { send: Charge, with: () => ({ amount: 1, reservationId: '' }) }),
    free: (arm) => arm,
  })
  .pivot('ship', { send: Ship, with: () => ({ paymentId: '' }) })
  .build();

describe('the path that remains', () => {
  it('names what is to come, with the arms of a branch that is not yet taken', () => {
    const story = given(Saga, { item: 'hat', amount: 1 });
    expect(remainingPath(Saga, story.instance)).toEqual(['by amount (paid: charge | free)', 'ship']);
    story.expectCommand(ReserveStock).reply({ reservationId: '' });
    story.expectCommand(ReserveStock).reply({ reservationId: '' });
    expect(remainingPath(Saga, story.instance)).toEqual(['ship']);
  });

  it('is empty on the way back', () => {
    const story = given(Saga, { item: 'hat', amount: 1 }).cancel();
    expect(remainingPath(Saga, story.instance)).toEqual([]);
  });
});
