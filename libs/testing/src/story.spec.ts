import { describe, expect, it } from '@jest/globals';
import { command, saga } from '@skald/core';
import { IsInt, IsString } from 'class-validator';
import { given } from './story.js';
import { StoryError } from './story-error.js';

class Order {
  @IsString()
  item!: string;

  @IsInt()
  amount!: number;
}
class Reserved {
  @IsString()
  reservationId!: string;
}
const ReserveStock = command('stock.reserve', { request: Order, reply: Reserved });
const ReleaseStock = command('stock.release', { request: Order });
const Charge = command('payment.charge', { request: Order, rejections: ['no_money'] });

const OrderSaga = saga('order', { version: 1, input: Order })
  .step('reserve stock', {
    send: ReserveStock,
    with: ({ input }) => input,
    undo: { send: ReleaseStock, with: ({ input }) => input },
  })
  .step('charge', { send: Charge, with: ({ input }) => input })
  .build();
const ORDER = { item: 'hat', amount: 3 };

describe('a story', () => {
  it('is told in the words of the business', () => {
    given(OrderSaga, { item: 'hat', amount: 3 })
      .expectCommand(ReserveStock, { item: 'hat' })
      .reply({ reservationId: 'r-1' })
      .expectCommand(Charge)
      .reject('no_money')
      .expectCommand(ReleaseStock)
      .reply()
      .expectCompensated(['reserve stock']);
  });

  it('does not let a function of the saga change the data that it is given', () => {
    const Changing = saga('changing', { version: 1, input: Order })
      .step('reserve stock', {
        send: ReserveStock,
        with: ({ input }) => {
          input.amount += 1;
          return input;
        },
      })
      .build();
    const story = given(Changing, ORDER);
    expect(story.instance.input).toEqual(ORDER);
    expect(story.instance.suspension).toMatchObject({ step: 'reserve stock', code: 'definition_threw' });
    expect(story.instance.suspension?.message).toContain("'amount'");
  });

  it('tells of a compensation that found nothing to undo, though its contract has a reply', () => {
    const RefundStock = command('stock.refund', { request: Order, reply: Order });
    const Refunding = saga('refunding', { version: 1, input: Order })
      .step('reserve stock', {
        send: ReserveStock,
        with: ({ input }) => input,
        retry: { maximumAttempts: 1 },
        undo: { send: RefundStock, with: ({ input }) => input },
      })
      .build();
    given(Refunding, ORDER)
      .expectCommand(ReserveStock)
      .noReply()
      .advance('30s')
      .expectCommand(RefundStock)
      .nothingToUndo()
      .expectCompensated(['reserve stock']);
    expect(() => given(Refunding, ORDER).expectCommand(ReserveStock).nothingToUndo()).toThrow(
      /'stock.reserve' is no compensation here/,
    );
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'another command was sent',
      () => given(OrderSaga, ORDER).expectCommand(Charge),
      /Expected 'payment.charge'; what was sent is 'stock.reserve'/,
    ],
    [
      'it was sent with another payload',
      () => given(OrderSaga, ORDER).expectCommand(ReserveStock, { item: 'shoe' }),
      /it was sent with .*"hat".*, not with \{"item":"shoe"\}/,
    ],
    [
      'it has not ended',
      () => given(OrderSaga, ORDER).expectCompleted(),
      /should be completed, and is running \(the next timer is due in 30 s\)/,
    ],
    [
      'nobody expected a command',
      () => given(OrderSaga, ORDER).expectNothing(),
      /Nobody expected 'stock.reserve' of step 'reserve stock'/,
    ],
    [
      'a reply does not fit its contract',
      () =>
        given(OrderSaga, ORDER)
          .expectCommand(ReserveStock)
          .reply({ reservationId: 7 as unknown as string }),
      /the reply to 'stock.reserve' does not fit its class: reservationId must be a string/,
    ],
    [
      'the input does not fit its class',
      () => given(OrderSaga, { item: 'hat', amount: 1.5 }),
      /the input of 'order' does not fit its class: amount must be an integer/,
    ],
  ])('fails with the timeline when %s', (_, tell, problem) => {
    expect(tell).toThrow(StoryError);
    expect(tell).toThrow(problem);
    expect(tell).toThrow(/What had happened:/);
  });

  it('shows in the timeline what had happened, with times', () => {
    const story = given(OrderSaga, ORDER).expectCommand(ReserveStock).fail().advance('1s');
    expect(() => story.expectCompleted()).toThrow(
      /01-01 00:00:00.000  started → send 'reserve stock'\n.*'reserve stock' failed.*again in 1 s\n.*01-01 00:00:01.000  pause/,
    );
  });
});
