import { describe, expect, it } from '@jest/globals';
import { given, type Story } from '@skald/testing';
import { Charge, OrderInput, Refund, ReleaseStock, ReserveStock, Ship } from './order.fixture.js';
import { saga } from './saga.js';

/** An arm throws for as long as its name is in the item. */
function mend<T>(name: string, item: string, payload: T): T {
  if (item.includes(name)) throw new Error(`${name} is broken`);
  return payload;
}

const Arms = saga('arms', { version: 1, input: OrderInput })
  .step('ask', { send: Ship, with: ({ input }) => ({ paymentId: input.item }) })
  .parallel('both', (arms) =>
    arms
      .step('reserve', {
        send: ReserveStock,
        with: ({ input: { item } }) => mend('reserve', item, { item }),
        as: 'stock',
        undo: { send: ReleaseStock, with: ({ input }) => ({ item: input.item }) },
      })
      .step('charge', {
        send: Charge,
        with: ({ input: { item, amount }, ...rest }) =>
          mend('charge', item, { amount, reservationId: Object.keys(rest).join() }),
        as: 'payment',
        undo: { send: Refund, with: ({ payment }) => ({ reservationId: payment?.paymentId ?? 'none' }) },
      }),
  )
  .step('ship', {
    send: Ship,
    with: ({ stock, payment }) => ({ paymentId: `${stock.reservationId} ${payment.paymentId}` }),
  })
  .build();

const STOCK = { reservationId: 'r-1' };
const PAYMENT = { paymentId: 'p-1' };
const stuckOn = (step: string, item: string): Story =>
  given(Arms, { item, amount: 3 }).expectCommand(Ship).reply().expectNothing().expectSuspended({ step });
const mended = (item: string) => ({ kind: 'repair', data: { input: { item, amount: 3 } } }) as const;

describe('an arm of a parallel that cannot begin (P8)', () => {
  it('is skipped, and the other is done as ever', () => {
    stuckOn('charge', 'charge')
      .operate({ kind: 'skip', output: PAYMENT })
      .expectCommand(ReserveStock)
      .reply(STOCK)
      .expectCommand(Ship, { paymentId: 'r-1 p-1' })
      .reply()
      .expectCompleted();
  });

  it('is skipped, and then the other, which cannot begin either', () => {
    stuckOn('reserve', 'reserve and charge')
      .operate({ kind: 'skip', output: STOCK })
      .expectNothing()
      .expectSuspended({ step: 'charge' })
      .operate({ kind: 'skip', output: PAYMENT })
      .expectCommand(Ship, { paymentId: 'r-1 p-1' })
      .reply()
      .expectCompleted();
  });

  it('is skipped, and the other is done once it is repaired, and sees what it would have seen', () => {
    const story = stuckOn('reserve', 'reserve and charge').operate({ kind: 'skip', output: STOCK });
    story
      .operate({ kind: 'retry' })
      .expectSuspended({ step: 'charge' })
      .operate(mended('hat'))
      // Not the other arm's output.
      .expectCommand(Charge, { reservationId: '' })
      .reply(PAYMENT)
      .expectCommand(Ship)
      .reply()
      .expectCompleted();
    expect(story.instance.visits.map(({ step }) => step)).toEqual([
      'ask',
      'both',
      'reserve',
      'charge',
      'ship',
    ]);
  });

  it('is repaired, and both are done', () => {
    const story = stuckOn('charge', 'charge').operate(mended('hat'));
    story.expectCommand(ReserveStock).reply(STOCK);
    story.expectCommand(Charge).reply(PAYMENT).expectCommand(Ship).reply().expectCompleted();
  });

  it('is tried again while it is broken, and both are done when it no longer is', () => {
    const story = stuckOn('charge', 'charge').operate({ kind: 'retry' }).expectSuspended({ step: 'charge' });
    story.operate(mended('hat')).expectCommand(ReserveStock).reply(STOCK);
    story.expectCommand(Charge).reply(PAYMENT).expectCommand(Ship).reply().expectCompleted();
  });

  it('is skipped, and all is undone: what was done, and what was taken for done', () => {
    const story = stuckOn('charge', 'charge').operate({ kind: 'skip', output: PAYMENT });
    story.expectCommand(ReserveStock).reply(STOCK);
    story.expectCommand(Ship).reject('no_address');
    story.expectCommand(ReleaseStock).reply();
    story.expectCommand(Refund, { reservationId: 'p-1' }).reply().expectCompensated(['reserve', 'charge']);
  });

  it('stops the saga before any is sent when it was visited too often, for as long as nobody skips it', () => {
    const definition = saga('often', { version: 1, input: OrderInput })
      .pivot('ask', { send: Ship, with: () => ({ paymentId: 'ask' }) })
      .parallel('both', (arms) =>
        arms
          .retriable('reserve', {
            send: ReserveStock,
            with: ({ input }) => ({ item: input.item }),
            maximumVisits: 1,
          })
          .retriable('charge', { send: Charge, with: () => ({ amount: 1, reservationId: 'r' }) }),
      )
      .retriable('ship', {
        send: Ship,
        with: () => ({ paymentId: 'ship' }),
        onRejected: { no_address: 'both' },
      })
      .build();
    const story = given(definition, { item: 'hat', amount: 3 }).expectCommand(Ship).reply();
    story.expectCommand(ReserveStock).reply(STOCK);
    story.expectCommand(Charge).reply(PAYMENT);
    story.expectCommand(Ship).reject('no_address');
    story.expectNothing().expectSuspended({ step: 'reserve', code: 'too_many_visits' });
    story.operate({ kind: 'retry' }).expectNothing().expectSuspended({ step: 'reserve' });
    story.operate({ kind: 'skip' }).expectCommand(Charge).reply(PAYMENT);
    story.expectCommand(Ship).reply().expectCompleted();
  });
});
