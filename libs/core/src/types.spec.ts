import { describe, expect, it } from '@jest/globals';
import { command, type ReplyOf, type UndoReplyOf } from './contract.js';
import type { InputOf, OutputOf } from './definition.js';
import { Charge, OrderInput, type OrderSaga, Refund, ReleaseStock, ReserveStock } from './order.fixture.js';
import { saga } from './saga.js';

/**
 * What the compiler must refuse. `npm run types` fails when one of these lines compiles; nothing here needs to run.
 */
export function compilerChecks(): void {
  const begun = saga('order', { version: 1, input: OrderInput }).step('reserve', {
    send: ReserveStock,
    with: ({ input }) => ({ item: input.item }),
    as: 'stock',
  });
  const charge = { amount: 1, reservationId: '' };

  // @ts-expect-error -- a reply that no earlier step has
  begun.step('charge', { send: Charge, with: ({ payment }) => ({ ...charge, x: payment }) });
  // @ts-expect-error -- a field that the reply does not have
  begun.step('charge', { send: Charge, with: ({ stock }) => ({ ...charge, amount: stock.amount }) });
  // @ts-expect-error -- a field that the contract does not have
  begun.step('charge', { send: Charge, with: () => ({ ...charge, tip: 1 }) });
  // @ts-expect-error -- a field that is missing
  begun.step('charge', { send: Charge, with: () => ({ amount: 1 }) });
  // @ts-expect-error -- a step name for the second time
  begun.step('reserve', { send: Charge, with: () => charge });
  begun.step('charge', {
    send: Charge,
    with: () => charge,
    as: 'payment',
    // @ts-expect-error -- the step's own reply may be missing in its undo
    undo: { send: Refund, with: ({ payment }) => ({ reservationId: payment.paymentId }) },
  });
  begun.step('charge', {
    send: Charge,
    with: () => charge,
    as: 'payment',
    undo: {
      send: Refund,
      with: ({ payment, stock }) => ({ reservationId: payment?.paymentId ?? stock.reservationId }),
    },
  });

  // Nothing to undo: the barrier answers in the place of the handler.
  const undone: UndoReplyOf<typeof Charge> = null;
  // @ts-expect-error -- whoever reads what a compensation replied has to think of that
  const paymentIdOf = (reply: UndoReplyOf<typeof Charge>): string => reply.paymentId;
  // @ts-expect-error -- an action that has succeeded has always something to tell
  const done: ReplyOf<typeof Charge> = null;
  void [undone, paymentIdOf, done];

  class WithDate {
    at!: Date;
  }
  class WithMethod {
    total(): number {
      return 0;
    }
  }
  // @ts-expect-error -- a Date comes back from the database as a string
  command('a.b', { request: WithDate });
  // @ts-expect-error -- a method does not come back at all
  command('a.b', { request: OrderInput, reply: WithMethod });
  // @ts-expect-error -- neither do they in an input
  saga('order', { version: 1, input: WithDate });
  // @ts-expect-error -- nor in an output
  begun.build(() => ({ at: new Date() }));

  const plain = { send: ReleaseStock, with: () => ({ item: '' }) };
  const withReply = { send: ReserveStock, with: () => ({ item: '' }) };
  // @ts-expect-error -- a step after the pivot: nothing can be undone there
  begun.pivot('pivot', plain).step('more', plain);
  // @ts-expect-error -- a second pivot
  begun.pivot('pivot', plain).pivot('again', plain);
  // @ts-expect-error -- a retriable step before the pivot
  begun.retriable('more', plain);
  // @ts-expect-error -- an undo of what cannot be undone
  begun.pivot('pivot', { ...plain, undo: plain });
  // @ts-expect-error -- a pivot in a branch
  begun.branch('way', () => 'a', { a: (arm) => arm.pivot('pivot', plain) });
  // @ts-expect-error -- an arm that there is not
  begun.branch('way', () => 'b', { a: (arm) => arm });
  begun
    .branch('way', () => 'a', { a: (arm) => arm.step('x', { ...withReply, as: 'x' }), b: (arm) => arm })
    // @ts-expect-error -- a reply that only one arm has
    .step('more', { send: ReleaseStock, with: ({ x }) => ({ item: x.reservationId }) });
  begun.parallel('both', (arms) =>
    arms
      .step('x', { ...withReply, as: 'x' })
      // @ts-expect-error -- a reply of a step that runs at the same time
      .step('y', { send: ReleaseStock, with: ({ x }) => ({ item: x.reservationId }) }),
  );
  // @ts-expect-error -- a jump to a step that there is not
  begun.step('more', { ...withReply, jump: () => 'nowhere' });
  // @ts-expect-error -- a jump ahead
  begun.step('more', { ...withReply, onRejected: { sold_out: 'later' } }).step('later', plain);
  // @ts-expect-error -- a rejection that the contract does not have
  begun.step('more', { ...withReply, onRejected: { no_money: 'reserve' } });
  // @ts-expect-error -- a jump back over the pivot
  begun.pivot('pivot', plain).retriable('more', { ...withReply, jump: () => 'reserve' });
  // @ts-expect-error -- a probe that does not say whether it happened
  begun.step('more', { ...withReply, probe: plain });

  const input: InputOf<typeof OrderSaga> = { item: 'hat', amount: 1 };
  const output: OutputOf<typeof OrderSaga> = { reservationId: '', paymentId: '' };
  // @ts-expect-error -- the output is typed for whoever waits for it
  const wrong: number = output.paymentId;
  void [input, wrong];
}

describe('the types of the saga language', () => {
  it('are checked by the compiler, in `npm run types`', () => {
    expect(compilerChecks).toBeInstanceOf(Function);
  });
});
