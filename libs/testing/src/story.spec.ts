import { describe, expect, it } from '@jest/globals';
import { type AnySaga, call, command, saga, signal } from '@skald/core';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
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

describe('a story fails where the wire would leave something out, or refuse it', () => {
  class Part {
    @IsInt()
    weight!: number;
  }
  class Bundle {
    @IsOptional()
    @ValidateNested({ each: true })
    @Type(() => Part)
    parts?: Part[];
  }
  const Pack = command('stock.pack', { request: Bundle, reply: Bundle, rejections: ['sold_out'] });
  const Go = signal('go', { data: Bundle });
  const Show = call('show', { request: Bundle, reply: Bundle });
  const extra = { parts: [{ weight: 1, colour: 'red' }], size: 1 };
  const packing = (payload: object, answer: object = {}): AnySaga =>
    saga('packing', { version: 1, input: Bundle })
      .onCall(Show, { handle: () => ({ answer }) })
      .step('pack', { send: Pack, with: () => payload })
      .waitFor('go', { signals: [Go] })
      .build();
  const members = /does not declare.*: 'parts\[0\]\.colour', 'size'\./;

  it.each<[string, () => unknown, RegExp]>([
    ['an input', () => given(packing({}), extra), members],
    ['a payload', () => given(packing(extra), {}).expectCommand(Pack), members],
    ['a reply', () => given(packing({}), {}).expectCommand(Pack).reply(extra), members],
    ['a signal', () => given(packing({}), {}).expectCommand(Pack).reply({}).signal(Go, extra), members],
    ['the request of a call', () => given(packing({}), {}).call(Show, extra), members],
  ])('a member that its class does not declare: %s', (_, tell, text) => {
    expect(tell).toThrow(StoryError);
    expect(tell).toThrow(text);
  });

  it('an answer that does not fit the reply of its call', () => {
    const wrong = given(packing({}, { parts: [{ weight: 'heavy' }] }), {});
    expect(() => wrong.call(Show, {})).toThrow(/call_failed.*weight must be an integer/);
    given(packing({}, extra), {})
      .call(Show, {})
      .expectAnswer({ parts: [{ weight: 1 }] });
  });

  it('a rejection that its contract does not declare', () => {
    const undeclared: string = 'no_paper';
    const tell = (): unknown =>
      given(packing({}), {})
        .expectCommand(Pack)
        .reject(undeclared as 'sold_out');
    expect(tell).toThrow(StoryError);
    expect(tell).toThrow('\'stock.pack\' has no rejection "no_paper"; it has sold_out');
    // One of the participant library's own.
    given(packing({}), {})
      .expectCommand(Pack)
      .reject('invalid_request' as 'sold_out');
  });

  it('policies that do not go together, with those of its namespace', () => {
    const Hasty = saga('hasty', { version: 1, input: Order, retry: { maximumInterval: '500ms' } })
      .step('charge', { send: Charge, with: ({ input }) => input })
      .build();
    expect(() => given(Hasty, ORDER)).toThrow("option 'retry.maximumInterval'");
    given(Hasty, ORDER, { defaults: { retry: { initialIntervalMs: 100 } } }).expectCommand(Charge);
  });

  it('but not a member that is undefined, or of a class without decorators', () => {
    class Bare {
      item?: string;
    }
    const Loose = saga('loose', { version: 1, input: Bare }).sleep('long', '1h').build();
    given(Loose, { item: 'hat', size: 1 } as Bare);
    given(packing({ size: undefined }), {}).expectCommand(Pack, {});
  });
});
