import { describe, expect, it } from '@jest/globals';
import { command } from './contract.js';
import { Charge, OrderInput, OrderSaga, OrderStory, START } from './order.fixture.js';
import { saga } from './saga.js';
import { transition } from './transition.js';

const STOCK = { reservationId: 'r-1' };
const PAYMENT = { paymentId: 'p-1' };

function shipped(): OrderStory {
  return new OrderStory().begin().succeeds('reserve stock', STOCK).succeeds('charge', PAYMENT);
}

describe('a saga that goes well', () => {
  it('sends one command after the other, each when the one before was answered', () => {
    const story = new OrderStory().begin();
    expect(story.sent).toEqual(['do reserve stock #1']);
    story.succeeds('reserve stock', STOCK);
    expect(story.sent).toEqual(['do reserve stock #1', 'do charge #1']);
  });

  it('completes with its output when the last step has succeeded', () => {
    const story = shipped().succeeds('ship');
    expect(story.state).toMatchObject({
      status: 'completed',
      output: { reservationId: 'r-1', paymentId: 'p-1' },
      wakeAt: null,
    });
    expect(story.published).toEqual(['completed']);
  });

  it('keeps each reply under the name that its step gives it', () => {
    expect(shipped().state.results).toEqual({ stock: STOCK, payment: PAYMENT });
  });

  it('counts its revisions without gaps', () => {
    expect(shipped().succeeds('ship').state.revision).toBe(4);
  });

  it('asks to be woken when the reply timeout of the pending command has passed', () => {
    expect(new OrderStory().begin().state.wakeAt).toBe(START + 10_000);
  });
});

describe('an event that means nothing', () => {
  const unchangedBy = (story: OrderStory, act: (story: OrderStory) => void): void => {
    const before = story.instance;
    const sent = story.sent.length;
    act(story);
    expect(story.instance).toEqual(before);
    expect(story.sent).toHaveLength(sent);
  };

  it.each<[string, (story: OrderStory) => void]>([
    ['a second success', (story) => story.succeeds('reserve stock', { reservationId: 'other' })],
    ['a rejection after the success', (story) => story.rejects('reserve stock')],
    ['a failure after the success', (story) => story.fails('reserve stock')],
    ['a reply to a step that has not begun', (story) => story.succeeds('ship')],
    ['a reply to a step that does not exist', (story) => story.succeeds('dance')],
    ['a reply to a compensation that was not sent', (story) => story.succeeds('reserve stock', null, 'undo')],
    ['a timer before its time', (story) => story.passes(9_999)],
    ['a second start', (story) => story.begin()],
  ])('changes nothing: %s', (_, act) => {
    unchangedBy(new OrderStory().begin().succeeds('reserve stock', STOCK), act);
  });

  it('changes nothing: a reply to another version of the definition', () => {
    const story = new OrderStory().begin();
    const command = {
      namespace: 'shop',
      definition: 'order@2',
      sagaId: 'o-1',
      step: 'reserve stock',
      direction: 'do',
      visit: 1,
    } as const;
    unchangedBy(story, () =>
      story.happens({ kind: 'reply', command, attempt: 1, outcome: { kind: 'succeeded', data: STOCK } }),
    );
  });

  it('changes nothing: any reply after the end', () => {
    unchangedBy(shipped().succeeds('ship'), (story) => story.rejects('ship').succeeds('charge', PAYMENT));
  });

  it('gives nothing back for an instance that was never started', () => {
    expect(transition(OrderSaga, null, { kind: 'timer', at: START, random: 0 })).toBeNull();
  });
});

describe('a step that fails', () => {
  it('is sent again after the backoff, with the next attempt number', () => {
    const story = new OrderStory().begin().fails('reserve stock');
    expect(story.state.wakeAt).toBe(START + 1_000);
    story.passes(1_000);
    expect(story.sent).toEqual(['do reserve stock #1', 'do reserve stock #2']);
  });

  it('waits longer each time', () => {
    const story = new OrderStory().begin().fails('reserve stock').passes(1_000).fails('reserve stock');
    expect(story.state.wakeAt).toBe(story.now + 2_000);
  });

  it('takes a success that comes while it waits to try again', () => {
    const story = new OrderStory().begin().fails('reserve stock').succeeds('reserve stock', STOCK);
    expect(story.sent).toEqual(['do reserve stock #1', 'do charge #1']);
  });

  it('does not count a failure twice', () => {
    const story = new OrderStory().begin().fails('reserve stock').fails('reserve stock');
    expect(story.state.visits[0]?.action).toMatchObject({ state: 'waiting', attempt: 1 });
  });

  it('does not count a late failure of an earlier attempt', () => {
    const story = new OrderStory().begin().fails('reserve stock', 'do', 1).passes(1_000);
    story.fails('reserve stock', 'do', 1);
    expect(story.state.visits[0]?.action).toMatchObject({ state: 'pending', attempt: 2 });
  });

  it('turns the saga back when no attempt is left, and is itself undone, since it may have happened', () => {
    const story = new OrderStory().begin();
    story.fails('reserve stock').passes(1_000).fails('reserve stock').passes(2_000).fails('reserve stock');
    expect(story.state).toMatchObject({
      status: 'compensating',
      failure: { step: 'reserve stock', outcome: 'failed', code: 'boom', message: 'it broke' },
    });
    expect(story.sent.at(-1)).toBe('undo reserve stock #1');
  });
});

describe('a step that is not answered', () => {
  it('is tried again like one that failed', () => {
    const story = new OrderStory().begin().passes(10_000);
    expect(story.state.visits[0]?.action).toMatchObject({ state: 'waiting', unanswered: 1 });
    story.passes(1_000);
    expect(story.sent.at(-1)).toBe('do reserve stock #2');
  });

  it('counts as unknown when no attempt is left, and is undone before the steps ahead of it', () => {
    const story = new OrderStory().begin().succeeds('reserve stock', STOCK);
    story.passes(10_000).passes(1_000).passes(10_000);
    expect(story.state.failure).toMatchObject({ step: 'charge', outcome: 'unknown', code: 'no_reply' });
    expect(story.state.visits[1]?.action.state).toBe('unknown');
    story.succeeds('charge', null, 'undo');
    expect(story.sent.slice(-2)).toEqual(['undo charge #1', 'undo reserve stock #1']);
  });

  it('counts as unknown when its last attempt failed but an earlier one was never answered', () => {
    const story = new OrderStory().begin().succeeds('reserve stock', STOCK);
    story.passes(10_000).passes(1_000).fails('charge');
    expect(story.state.failure).toMatchObject({ step: 'charge', outcome: 'unknown' });
  });

  it('stays undone though its success arrives late', () => {
    const story = new OrderStory().begin().succeeds('reserve stock', STOCK);
    story.passes(10_000).passes(1_000).passes(10_000).succeeds('charge', PAYMENT);
    expect(story.state.status).toBe('compensating');
    expect(story.state.results).toEqual({ stock: STOCK });
  });
});

describe('a step that is rejected', () => {
  it('is not tried again and not undone; the steps before it are, newest first', () => {
    const story = shipped().rejects('ship', 'no_address');
    expect(story.sent.slice(3)).toEqual(['undo charge #1']);
    story.succeeds('charge', null, 'undo');
    expect(story.sent.slice(4)).toEqual(['undo reserve stock #1']);
    story.succeeds('reserve stock', null, 'undo');
    expect(story.state).toMatchObject({
      status: 'compensated',
      failure: { step: 'ship', outcome: 'rejected', code: 'no_address' },
      wakeAt: null,
    });
    expect(story.published).toEqual(['compensating', 'compensated']);
  });

  it('leaves nothing to undo when it was the first', () => {
    const story = new OrderStory().begin().rejects('reserve stock', 'sold_out');
    expect(story.state.status).toBe('compensated');
    expect(story.published).toEqual(['compensating', 'compensated']);
  });

  it('is rejected even while it waits to try again', () => {
    const story = new OrderStory().begin().fails('reserve stock').rejects('reserve stock', 'sold_out');
    expect(story.state.status).toBe('compensated');
  });
});

describe('a compensation', () => {
  const compensating = (): OrderStory =>
    new OrderStory().begin().succeeds('reserve stock', STOCK).rejects('charge', 'no_money');

  it('is tried again by its own policy', () => {
    const story = compensating().fails('reserve stock', 'undo').passes(1_000);
    expect(story.sent.at(-1)).toBe('undo reserve stock #2');
  });

  it('suspends the saga when no attempt is left', () => {
    const story = compensating().fails('reserve stock', 'undo').passes(1_000).fails('reserve stock', 'undo');
    expect(story.state).toMatchObject({
      status: 'suspended',
      suspension: { step: 'reserve stock', outcome: 'failed', code: 'boom' },
      failure: { step: 'charge', code: 'no_money' },
      wakeAt: null,
    });
    expect(story.published).toEqual(['compensating', 'suspended']);
  });

  it('suspends the saga when it is never answered', () => {
    const story = compensating().passes(10_000).passes(1_000).passes(10_000);
    expect(story.state).toMatchObject({ status: 'suspended', suspension: { outcome: 'unknown' } });
  });

  it('suspends the saga at once when the participant refuses to undo', () => {
    const story = compensating().rejects('reserve stock', 'too_late', 'undo');
    expect(story.state).toMatchObject({ status: 'suspended', suspension: { outcome: 'rejected' } });
  });
});

describe('a definition whose functions throw', () => {
  const broken = (where: 'with' | 'output'): OrderStory => {
    const definition = saga('order', { version: 1, input: OrderInput })
      .step('charge', {
        send: Charge,
        with: ({ input }) => {
          if (where === 'with') throw new Error('no such field');
          return { amount: input.amount, reservationId: '' };
        },
        as: 'payment',
      })
      .build((): { paymentId: string } => {
        throw new Error('no such result');
      });
    return new OrderStory(definition).begin();
  };

  it('suspends the saga before anything was sent', () => {
    const story = broken('with');
    expect(story.sent).toEqual([]);
    expect(story.state).toMatchObject({
      status: 'suspended',
      visits: [],
      suspension: { step: 'charge', outcome: 'defect', message: 'no such field' },
    });
  });

  it('suspends the saga when its output cannot be built', () => {
    const story = broken('output').succeeds('charge', PAYMENT);
    expect(story.state).toMatchObject({ status: 'suspended', suspension: { message: 'no such result' } });
  });
});

describe('a step without compensation', () => {
  it('is passed over when the saga turns back', () => {
    const Note = command('notes.write', { request: OrderInput });
    const definition = saga('order', { version: 1, input: OrderInput })
      .step('note', { send: Note, with: ({ input }) => ({ ...input }) })
      .step('charge', { send: Charge, with: ({ input }) => ({ amount: input.amount, reservationId: '' }) })
      .build();
    const story = new OrderStory(definition).begin();
    story.succeeds('note').rejects('charge', 'no_money');
    expect(story.state.status).toBe('compensated');
  });
});
