import { describe, it } from '@jest/globals';
import { given, type Story } from '@skald/testing';
import { call, command } from './contract.js';
import {
  Charge,
  ChargeRequest,
  OrderInput,
  Refund,
  ReserveStock,
  ReserveStockRequest,
  Ship,
} from './order.fixture.js';
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

const Ask = command('price.ask', { request: ReserveStockRequest, reply: ChargeRequest });
const Change = call('change', { request: ChargeRequest, reply: ChargeRequest });
const Haggle = saga('haggle', { version: 1, input: OrderInput })
  .onCall(Change, { as: 'tip', handle: (_, request) => ({ answer: request, keep: request }) })
  .step('ask', { send: Ask, with: ({ input }) => ({ item: input.item }), as: 'offer' })
  .step('pay', {
    send: Charge,
    with: ({ offer, tip }) => ({ amount: offer.amount, reservationId: `tip ${tip?.amount ?? 0}` }),
    undo: {
      send: Refund,
      with: ({ offer, tip }) => ({ reservationId: `${offer.amount}, tip ${tip?.amount ?? 0}` }),
    },
  })
  .step('ship', {
    send: Ship,
    with: () => ({ paymentId: 'p' }),
    onRejected: { no_address: 'ask' },
  })
  .build();

describe('what undoes an earlier visit', () => {
  const ask = (amount: number, story: Story): Story => {
    story.expectCommand(Ask).reply({ amount, reservationId: '' });
    return story;
  };

  it('sees what was known when that visit began, and not what later visits of other steps replied', () => {
    const story = ask(10, given(Haggle, { item: 'hat', amount: 1 }));
    story.expectCommand(Charge, { amount: 10 }).reply({ paymentId: 'p' });
    story.expectCommand(Ship).reject('no_address');
    ask(25, story).expectCommand(Charge, { amount: 25 }).reply({ paymentId: 'p' });
    story.expectCommand(Ship);
    story.cancel().expectCommand(Refund, { reservationId: '25, tip 0' }).reply();
    story.expectCommand(Refund, { reservationId: '10, tip 0' }).reply().expectCompensated();
  });

  it('sees what calls had kept by then, and a command stays the same on every attempt', () => {
    const story = ask(10, given(Haggle, { item: 'hat', amount: 1 }));
    const first = story.expectCommand(Charge, { reservationId: 'tip 0' });
    story.call(Change, { amount: 3, reservationId: '' });
    first.fail();
    story.advance('10s').expectCommand(Charge, { reservationId: 'tip 0' }).reply({ paymentId: 'p' });
    story.expectCommand(Ship).reject('no_address');
    ask(25, story).expectCommand(Charge, { reservationId: 'tip 3' }).reply({ paymentId: 'p' });
    story.expectCommand(Ship);
    story.cancel().expectCommand(Refund, { reservationId: '25, tip 3' }).reply();
    story.expectCommand(Refund, { reservationId: '10, tip 0' }).reply().expectCompensated();
  });

  it('sees what an operator has put in place of what its visit saw', () => {
    const story = ask(10, given(Haggle, { item: 'hat', amount: 1 }));
    story.expectCommand(Charge).reply({ paymentId: 'p' });
    story.expectCommand(Ship).reject('no_address');
    ask(25, story).expectCommand(Charge).reply({ paymentId: 'p' });
    story.expectCommand(Ship);
    story.cancel().expectCommand(Refund, { reservationId: '25, tip 0' }).reply();
    story.expectCommand(Refund, { reservationId: '10, tip 0' }).reject('no' as never);
    story.operate({ kind: 'repair', data: { offer: { amount: 11 } } });
    story.expectCommand(Refund, { reservationId: '11, tip 0' }).reply().expectCompensated();
  });
});
