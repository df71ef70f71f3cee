import { describe, expect, it } from '@jest/globals';
import { given, type Story } from '@skald/testing';
import { Charge, OrderInput, OrderSaga, Refund, ReleaseStock, ReserveStock, Ship } from './order.fixture.js';
import type { AnySaga } from './definition.js';
import { commandIdOf } from './instance.js';
import type { Message } from './message.js';
import { owedMessage } from './owed-message.js';
import { saga } from './saga.js';

const ORDER = { item: 'hat', amount: 3 };
const STOCK = { reservationId: 'r-1' };
const PAYMENT = { paymentId: 'p-1' };

/** Reserve, then the pivot, then a step that must work. */
const PivotSaga = saga('with-pivot', { version: 1, input: OrderInput })
  .step('reserve', {
    send: ReserveStock,
    with: ({ input }) => ({ item: input.item }),
    as: 'stock',
    undo: { send: ReleaseStock, with: ({ input }) => ({ item: input.item }) },
  })
  .pivot('charge', {
    send: Charge,
    with: ({ input, stock }) => ({ amount: input.amount, reservationId: stock.reservationId }),
    as: 'payment',
  })
  .retriable('ship', { send: Ship, with: ({ payment }) => ({ paymentId: payment.paymentId }) })
  .build();

const running = (): Story => given(OrderSaga, ORDER).expectCommand(ReserveStock).reply(STOCK);
/** Its compensation is exhausted. */
const stuckBackward = (): Story => {
  const story = running();
  story.expectCommand(Charge).reject('no_money').expectCommand(ReleaseStock).noReply();
  return story.advance('1h').expectSuspended({ step: 'reserve stock', direction: 'undo' });
};
/** Nobody knows whether the pivot happened. */
const stuckOnPivot = (): Story => {
  const story = given(PivotSaga, ORDER).expectCommand(ReserveStock).reply(STOCK);
  story.expectCommand(Charge).noReply();
  return story.advance('1h').expectSuspended({ step: 'charge', outcome: 'unknown' });
};
const stuckPastPivot = (): Story =>
  given(PivotSaga, ORDER)
    .expectCommand(ReserveStock)
    .reply(STOCK)
    .expectCommand(Charge)
    .reply(PAYMENT)
    .expectCommand(Ship)
    .reject('no_address')
    .expectSuspended({ step: 'ship' });
/** Its definition threw on what the participant had replied. */
const broken = (): Story => {
  const definition = saga('broken', { version: 1, input: OrderInput })
    .step('reserve', { send: ReserveStock, with: ({ input }) => ({ item: input.item }), as: 'stock' })
    .step('charge', {
      send: Charge,
      with: ({ input, stock }) => {
        if (stock.reservationId === '') throw new Error('no reservation');
        return { amount: input.amount, reservationId: stock.reservationId };
      },
      as: 'payment',
    })
    .build();
  return given(definition, ORDER).expectCommand(ReserveStock).reply({ reservationId: '' }).expectSuspended();
};
const ended = (): Story =>
  given(OrderSaga, ORDER).expectCommand(ReserveStock).reject('sold_out').expectCompensated();

/** The command that is pending now. */
function owedOf(definition: AnySaga, { instance }: Story): Message | undefined {
  for (const visit of instance.visits) {
    for (const direction of ['do', 'undo'] as const) {
      const id = commandIdOf(instance, visit, direction);
      const owed = owedMessage(definition, instance, id);
      if (owed !== undefined) return owed.message;
    }
  }
  return undefined;
}

describe('an operator', () => {
  it('is named in the history, with the reason', () => {
    expect(running().operate({ kind: 'suspend' }).history.at(-1)).toMatch(
      /operator: suspend \(in the story\)/,
    );
  });

  describe('suspends and resumes', () => {
    it('a running saga: it stands still, and a reply that comes meanwhile is not lost', () => {
      const story = running();
      const charge = story.expectCommand(Charge);
      story.operate({ kind: 'suspend' });
      charge.reply(PAYMENT).expectSuspended().expectNothing();
      story.operate({ kind: 'resume' }).expectCommand(Ship).reply().expectCompleted();
    });

    it('a running saga: what was pending gets its whole time again', () => {
      const story = running();
      const charge = story.expectCommand(Charge);
      story.operate({ kind: 'suspend' }).advance('30d').operate({ kind: 'resume' }).expectStatus('running');
      charge.reply(PAYMENT).expectCommand(Ship).reply().expectCompleted();
    });

    it('a compensating saga goes on compensating', () => {
      const story = running().expectCommand(Charge).reject('no_money');
      const release = story.expectCommand(ReleaseStock);
      story.operate({ kind: 'suspend' });
      release.reply().expectSuspended().operate({ kind: 'resume' }).expectCompensated(['reserve stock']);
    });

    it('refused: to suspend twice, to resume what runs, to resume what is stuck on a step', () => {
      running().expectRefused('not_suspended', (story) => story.operate({ kind: 'resume' }));
      running()
        .operate({ kind: 'suspend' })
        .expectRefused('suspended', (story) => story.operate({ kind: 'suspend' }));
      stuckBackward().expectRefused('stuck', (story) => story.operate({ kind: 'resume' }));
    });
  });

  describe('retries', () => {
    it('a compensation that was given up', () => {
      stuckBackward()
        .operate({ kind: 'retry' })
        .expectCommand(ReleaseStock)
        .reply()
        .expectCompensated(['reserve stock']);
    });

    it('with all its attempts again', () => {
      const story = stuckBackward().operate({ kind: 'retry' });
      story.expectCommand(ReleaseStock).fail();
      story.advance('5s').expectCommand(ReleaseStock).reply().expectCompensated();
    });

    it('the pivot', () => {
      const story = stuckOnPivot().operate({ kind: 'retry' }).expectCommand(Charge).reply(PAYMENT);
      story.expectCommand(Ship).reply().expectCompleted();
    });

    it('a step that was rejected, as another command: a participant keeps its no to the first for ever', () => {
      const story = stuckPastPivot().operate({ kind: 'retry' });
      const ship = owedOf(PivotSaga, story);
      expect(ship?.id).toMatch(/^story\/with-pivot@1\/story\/\w+\/ship\/do\/1\.2$/);
      story.expectCommand(Ship).reply().expectCompleted();
    });

    it('a compensation that was rejected: it still undoes the same action', () => {
      const story = running();
      story
        .expectCommand(Charge)
        .reject('no_money')
        .expectCommand(ReleaseStock)
        .reject('too_late' as never);
      story.operate({ kind: 'retry' });
      expect(owedOf(OrderSaga, story)).toMatchObject({
        id: expect.stringMatching(/^story\/order@1\/story\/\w+\/reserve%20stock\/undo\/1\.2$/),
        compensates: expect.stringMatching(/^story\/order@1\/story\/\w+\/reserve%20stock\/do\/1$/),
      });
      story.expectCommand(ReleaseStock).reply().expectCompensated();
    });

    it('refused: what has no command in hand, what runs', () => {
      running().expectRefused('not_suspended', (story) => story.operate({ kind: 'retry' }));
      const resting = saga('resting', { version: 1, input: OrderInput }).sleep('rest', '1h').build();
      given(resting, ORDER)
        .operate({ kind: 'suspend' })
        .expectRefused('not_stuck', (story) => story.operate({ kind: 'retry' }));
    });
  });

  describe('skips', () => {
    it('a step with a supplied output', () => {
      stuckOnPivot()
        .operate({ kind: 'skip', output: PAYMENT })
        .expectCommand(Ship, PAYMENT)
        .reply()
        .expectCompleted();
    });

    it('a step whose reply nobody reads, without one', () => {
      stuckPastPivot().operate({ kind: 'skip' }).expectCompleted();
    });

    it('a compensation', () => {
      stuckBackward().operate({ kind: 'skip' }).expectCompensated();
    });

    it('a step that could not begin', () => {
      broken().operate({ kind: 'skip', output: PAYMENT }).expectCompleted();
    });

    it('refused: without the output that later steps read', () => {
      stuckOnPivot().expectRefused('output_needed', (story) => story.operate({ kind: 'skip' }));
    });
  });

  describe('edits and repairs', () => {
    it('edit: puts other data in place, and the saga stays suspended', () => {
      const story = broken()
        .operate({ kind: 'edit', data: { stock: STOCK } })
        .expectSuspended();
      story.operate({ kind: 'resume' }).expectCommand(Charge, STOCK).reply(PAYMENT).expectCompleted();
    });

    it('repair: puts other data in place and goes on from the step that broke', () => {
      broken()
        .operate({ kind: 'repair', data: { stock: STOCK } })
        .expectCommand(Charge, STOCK)
        .reply(PAYMENT)
        .expectCompleted();
    });

    it('repair: the input too', () => {
      stuckOnPivot()
        .operate({ kind: 'repair', data: { input: { item: 'hat', amount: 1 } } })
        .expectCommand(Charge, { amount: 1 })
        .reply(PAYMENT)
        .expectCommand(Ship)
        .reply()
        .expectCompleted();
    });

    it('are noted in the history by the names of the data, without the data', () => {
      const line = broken()
        .operate({ kind: 'edit', data: { stock: STOCK } })
        .history.at(-1);
      expect(line).toContain('edit of stock');
      expect(line).not.toContain('r-1');
    });

    it('refused: data that the saga does not have, and a saga that runs', () => {
      broken().expectRefused('unknown_data', (story) =>
        story.operate({ kind: 'edit', data: { colour: 'red' } }),
      );
      running().expectRefused('not_suspended', (story) =>
        story.operate({ kind: 'edit', data: { stock: STOCK } }),
      );
    });
  });

  describe('compensates', () => {
    it('a running saga', () => {
      const story = running().operate({ kind: 'compensate' });
      story.expectCommand(Charge).noReply();
      story.expectCommand(Refund).reply().expectCommand(ReleaseStock).reply();
      story.expectCompensated(['charge', 'reserve stock']);
    });

    it('a saga whose pivot is unknown: by that, the operator says that it did not happen', () => {
      stuckOnPivot()
        .operate({ kind: 'compensate' })
        .expectCommand(ReleaseStock)
        .reply()
        .expectCompensated(['reserve']);
    });

    it('refused: after the pivot, while it compensates, after the end', () => {
      stuckPastPivot().expectRefused('past_pivot', (story) => story.operate({ kind: 'compensate' }));
      stuckBackward().expectRefused('compensating', (story) => story.operate({ kind: 'compensate' }));
      ended().expectRefused('ended', (story) => story.operate({ kind: 'compensate' }));
    });
  });

  describe('forces forward', () => {
    it('past a pivot that is unknown: by that, the operator says that it happened', () => {
      const story = stuckOnPivot().operate({ kind: 'force-forward' });
      // The reply that the next step reads is missing, which is what `skip` or `repair` supply.
      story.expectSuspended({ step: 'ship', outcome: 'defect' });
      story
        .operate({ kind: 'repair', data: { payment: PAYMENT } })
        .expectCommand(Ship, PAYMENT)
        .reply()
        .expectCompleted();
    });

    it('past a retriable step', () => {
      stuckPastPivot().operate({ kind: 'force-forward' }).expectCompleted();
    });

    it('refused: on the way back', () => {
      stuckBackward().expectRefused('not_stuck_forward', (story) => story.operate({ kind: 'force-forward' }));
    });
  });

  describe('terminates', () => {
    it.each([running, stuckBackward, stuckOnPivot])('a saga that has not ended: %p', (story) => {
      const terminated = story().operate({ kind: 'terminate' }).expectStatus('terminated');
      expect(terminated.instance.wakeAt).toBeNull();
    });

    it('refused: one that has ended', () => {
      ended().expectRefused('ended', (story) => story.operate({ kind: 'terminate' }));
    });
  });

  describe('removes', () => {
    it('a saga that has ended', () => {
      expect(ended().operate({ kind: 'remove' }).history.at(-1)).toContain('REMOVED');
    });

    it('refused: one that has not', () => {
      running().expectRefused('not_ended', (story) => story.operate({ kind: 'remove' }));
    });
  });
});
