import { describe, expect, it } from '@jest/globals';
import { given, type Story } from '@skald/testing';
import { command } from './contract.js';
import {
  Charge,
  OrderInput,
  Refund,
  ReleaseStock,
  ReserveStock,
  ReserveStockRequest,
  Ship,
} from './order.fixture.js';
import { saga } from './saga.js';

/** What a function of the definition gives; it throws for as long as its name is in the item. */
function mend<T>(name: string, item: string, value: T): T {
  if (item.includes(name)) throw new Error(`${name} is broken`);
  return value;
}

class Happened {
  happened!: boolean;
}
const Probe = command('payment.probe', { request: ReserveStockRequest, reply: Happened });

/** Every function that a definition may have, up to the pivot. */
const Fragile = saga('fragile', { version: 1, input: OrderInput })
  .step('reserve', {
    send: ReserveStock,
    with: ({ input: { item } }) => mend('with', item, { item }),
    as: 'stock',
    jump: ({ input: { item }, stock }) =>
      mend('jump', item, stock.reservationId === 'again' ? 'reserve' : undefined),
    undo: { send: ReleaseStock, with: ({ input: { item } }) => mend('undo', item, { item }) },
  })
  .branch('way', ({ input: { item } }) => mend('choose', item, item.includes('far') ? 'far' : 'near'), {
    near: (arm) => arm,
    far: (arm) => arm.sleep('wait', ({ input: { item } }) => mend('until', item, '1h')),
  })
  .step('charge', {
    send: Charge,
    with: ({ input, stock }) => ({ amount: input.amount, reservationId: stock.reservationId }),
    as: 'payment',
    retry: { maximumAttempts: 1 },
    undo: { send: Refund, with: ({ stock }) => ({ reservationId: stock.reservationId }) },
    probe: { send: Probe, with: ({ input: { item } }) => mend('probe', item, { item }) },
  })
  .step('ship', { send: Ship, with: ({ payment }) => ({ paymentId: payment.paymentId }) })
  .build(({ input: { item }, payment }) => mend('output', item, payment));

const STOCK = { reservationId: 'r-1' };
const PAYMENT = { paymentId: 'p-1' };
const begun = (item: string): Story => given(Fragile, { item, amount: 3 });
const mended = (item = 'hat') => ({ kind: 'repair', data: { input: { item, amount: 3 } } }) as const;
const reserved = (item: string, stock = STOCK): Story => begun(item).expectCommand(ReserveStock).reply(stock);
const finish = (story: Story): void => {
  story.expectCommand(Charge).reply(PAYMENT).expectCommand(Ship).reply().expectCompleted();
};

describe('a function of the definition that threw is evaluated again when an operator has mended what it saw:', () => {
  it('with', () => {
    finish(begun('with').expectSuspended().operate(mended()).expectCommand(ReserveStock).reply(STOCK));
  });

  it('jump, which goes back (P21)', () => {
    const story = reserved('jump', { reservationId: 'again' }).expectSuspended({ step: 'reserve' });
    finish(story.operate(mended()).expectCommand(ReserveStock).reply(STOCK));
    expect(story.instance.visits.map(({ step }) => step)).toEqual([
      'reserve',
      'reserve',
      'way',
      'charge',
      'ship',
    ]);
  });

  it('jump, which goes on', () => {
    finish(reserved('jump').expectSuspended({ step: 'reserve' }).operate(mended()));
  });

  it('jump, which throws again and again', () => {
    const story = reserved('jump', { reservationId: 'again' });
    for (let n = 0; n < 3; n += 1) story.operate({ kind: 'retry' }).expectSuspended({ step: 'reserve' });
    finish(story.operate(mended()).expectCommand(ReserveStock).reply(STOCK));
  });

  it('jump, which led where nothing is', () => {
    const Lost = saga('lost', { version: 1, input: OrderInput })
      .step('reserve', {
        send: ReserveStock,
        with: ({ input }) => ({ item: input.item }),
        as: 'stock',
        jump: ({ stock }) => (stock.reservationId === '' ? undefined : (stock.reservationId as 'reserve')),
      })
      .step('ship', { send: Ship, with: () => ({ paymentId: 'p' }) })
      .build();
    const story = given(Lost, { item: 'hat', amount: 3 })
      .expectCommand(ReserveStock)
      .reply({ reservationId: 'x' });
    story.expectSuspended({ step: 'reserve' }).operate({ kind: 'retry' }).expectNothing().expectSuspended();
    story.operate({ kind: 'repair', data: { stock: { reservationId: '' } } });
    story.expectCommand(Ship).reply().expectCompleted();
  });

  it('choose', () => {
    finish(reserved('choose').expectSuspended({ step: 'way' }).operate(mended()));
  });

  it('until', () => {
    finish(reserved('far until').expectSuspended({ step: 'wait' }).operate(mended('far')).advance('1h'));
  });

  it('output', () => {
    const story = reserved('output').expectCommand(Charge).reply(PAYMENT).expectCommand(Ship).reply();
    story.expectSuspended({ step: 'output' }).operate(mended()).expectCompleted(PAYMENT);
  });

  it('the payload of a probe', () => {
    const story = reserved('probe').expectCommand(Charge).noReply().advance('1h');
    story.expectSuspended({ step: 'charge', direction: 'probe' });
    story.operate({ kind: 'retry' }).expectSuspended({ step: 'charge', direction: 'probe' });
    story.operate(mended()).expectCommand(Probe).reply({ happened: false });
    story.expectCommand(ReleaseStock).reply().expectCompensated(['reserve']);
  });

  it('the payload of a compensation', () => {
    const story = reserved('undo').expectCommand(Charge).reject('no_money');
    story.expectSuspended({ step: 'reserve' }).operate(mended());
    story.expectCommand(ReleaseStock).reply().expectCompensated(['reserve']);
  });

  it('the payload of a compensation that had failed before: it is never left out', () => {
    const story = reserved('hat').expectCommand(Charge).reject('no_money');
    story
      .expectCommand(ReleaseStock)
      .reject('too_late' as never)
      .expectSuspended();
    story.operate(mended('undo')).expectNothing().expectSuspended({ step: 'reserve', direction: 'undo' });
    story.operate({ kind: 'retry' }).expectNothing().expectSuspended({ step: 'reserve' });
    story.operate(mended()).expectCommand(ReleaseStock).reply().expectCompensated(['reserve']);
  });

  it('the payload of a command that had failed before', () => {
    const Pivot = saga('late', { version: 1, input: OrderInput })
      .pivot('charge', { send: Charge, with: () => ({ amount: 1, reservationId: 'r' }) })
      .retriable('ship', {
        send: Ship,
        with: ({ input: { item } }) => mend('with', item, { paymentId: item }),
      })
      .build();
    const story = given(Pivot, { item: 'hat', amount: 3 }).expectCommand(Charge).reply(PAYMENT);
    story.expectCommand(Ship).reject('no_address').operate(mended('with')).expectSuspended({ step: 'ship' });
    story.operate(mended('cap')).expectCommand(Ship, { paymentId: 'cap' }).reply().expectCompleted();
  });
});

describe('a function of the definition that threw is passed over when an operator skips:', () => {
  it('a jump, and the saga goes on with the next step; its own step is neither done nor undone twice', () => {
    const story = reserved('jump', { reservationId: 'again' }).operate({ kind: 'skip' });
    story.expectCommand(Charge).reject('no_money').expectCommand(ReleaseStock).reply();
    story.expectCompensated(['reserve']);
  });

  it('the payload of a compensation, which needs no output', () => {
    const story = reserved('undo').expectCommand(Charge).reject('no_money').expectSuspended();
    story.operate({ kind: 'skip' }).expectCompensated([]);
  });

  it('the payload of a probe, and the operator decides about what nobody knows', () => {
    const story = reserved('probe').expectCommand(Charge).noReply().advance('1h');
    story.operate({ kind: 'skip' }).expectSuspended({ step: 'charge', outcome: 'unknown', direction: 'do' });
    story.operate({ kind: 'skip', output: PAYMENT }).expectCommand(Ship).reply().expectCompleted();
  });

  it('but not the output of the saga, though a step has the name that it goes by', () => {
    const Named = saga('named', { version: 1, input: OrderInput })
      .step('output', { send: ReserveStock, with: ({ input }) => ({ item: input.item }) })
      .step('ship', { send: Ship, with: () => ({ paymentId: 'p' }) })
      .build(({ input: { item } }) => mend('output', item, { item }));
    const story = given(Named, { item: 'output', amount: 3 }).expectCommand(ReserveStock).reply(STOCK);
    story.expectCommand(Ship).reply().expectSuspended({ step: 'output' });
    story.expectRefused('not_a_step', () => story.operate({ kind: 'skip' }));
    story.operate(mended()).expectCompleted({ item: 'hat' });
  });
});
