import { describe, expect, it } from '@jest/globals';
import { given, type Story } from '@skald/testing';
import { command } from './contract.js';
import { saga } from './saga.js';

class Any {
  item?: string;
}
const Book = command('stock.book', { request: Any });
const Free = command('stock.free', { request: Any });
const Charge = command('payment.charge', { request: Any });
const Mail = command('mail.send', { request: Any, reply: Any });
/** A pivot, and behind it what can only go forward. */
const Paid = saga('paid', { version: 1, input: Any })
  .step('book', { send: Book, with: () => ({}), undo: { send: Free, with: () => ({}) } })
  .pivot('charge', { send: Charge, with: () => ({}) })
  .retriable('mail', { send: Mail, with: ({ input }) => ({ item: input.item }), as: 'mail' })
  .build();
/** Two steps beside each other that must work. */
const Both = saga('both', { version: 1, input: Any })
  .pivot('free', { send: Free, with: () => ({}) })
  .parallel('all', (arms) =>
    arms
      .retriable('one', { send: Mail, with: () => ({}), as: 'mail' })
      .retriable('other', { send: Charge, with: () => ({}) }),
  )
  .build();
const atBoth = (): Story => given(Both, SENT).expectCommand(Free).reply();
const CODES = ['payload_changed', 'id_conflict', 'reply_refused'];
const SENT = { item: 'hat' };

function atMail(): Story {
  const story: Story = given(Paid, SENT);
  return story.expectCommand(Book).reply().expectCommand(Charge).reply();
}

describe('a failure that its participant would only repeat', () => {
  it.each(CODES)('of a retriable step stops the saga for a person, with the reason: %s', (code) => {
    const story = atMail().expectCommand(Mail).fail(code);
    story.expectSuspended({ step: 'mail', outcome: 'failed', code, direction: 'do' });
  });

  it.each(CODES)('of a step turns the saga back at once: %s', (code) => {
    const story: Story = given(Paid, SENT);
    story.expectCommand(Book).fail(code).expectCommand(Free).reply().expectCompensated();
  });

  it.each(CODES)('of a compensation stops the saga for a person: %s', (code) => {
    const story: Story = given(Paid, SENT)
      .expectCommand(Book)
      .reply()
      .expectCommand(Charge)
      .reject('no' as never);
    story.expectCommand(Free).fail(code).expectSuspended({ step: 'book', direction: 'undo', code });
  });

  it('leaves the step to be taken for done by an operator', () => {
    const story = atMail().expectCommand(Mail).fail('payload_changed');
    story.operate({ kind: 'skip', output: SENT }).expectCompleted();
  });

  it('leaves the command to be sent again by an operator', () => {
    const story = atMail().expectCommand(Mail).fail('reply_refused').operate({ kind: 'retry' });
    story.expectCommand(Mail).reply(SENT).expectCompleted();
  });
});

describe('a command that a saga had in hand when a person stopped it', () => {
  const stopped = (): Story => {
    const story = atMail();
    for (let time = 0; time < 20; time += 1) story.expectCommand(Mail).fail('handler_failed').advance('2m');
    story.expectCommand(Mail).noReply();
    return story.operate({ kind: 'suspend' });
  };

  it('is taken for done by `skip`, with an output in place of its reply', () => {
    stopped().expectRefused('output_needed', (story) => story.operate({ kind: 'skip' }));
    stopped().operate({ kind: 'skip', output: SENT }).expectCompleted();
  });

  it('is sent again by `retry`, also while it waits for its next attempt', () => {
    const pending = stopped().operate({ kind: 'retry' });
    pending.expectCommand(Mail).reply(SENT).expectCompleted();
    const waiting = atMail().expectCommand(Mail).fail('handler_failed').operate({ kind: 'suspend' });
    waiting.operate({ kind: 'retry' }).expectCommand(Mail).reply(SENT).expectCompleted();
  });

  it('is taken for undone by `skip`, of a compensation', () => {
    const story: Story = given(Paid, SENT)
      .expectCommand(Book)
      .reply()
      .expectCommand(Charge)
      .reject('no' as never);
    story.expectCommand(Free).fail('handler_failed').operate({ kind: 'suspend' });
    story.operate({ kind: 'skip' }).expectCompensated();
  });

  it('goes on as before with `resume`', () => {
    const story = atMail();
    const mail = story.expectCommand(Mail);
    story.operate({ kind: 'suspend' }).operate({ kind: 'resume' });
    mail.reply(SENT).expectCompleted();
  });

  it('is left alone where there are several and none is named: which one is meant, nobody could tell', () => {
    const story: Story = atBoth().operate({ kind: 'suspend' });
    for (const kind of ['retry', 'skip'] as const) {
      story.expectRefused('not_stuck', (one) => one.operate({ kind }));
      story.expectRefused('not_in_hand', (one) => one.operate({ kind, step: 'no such' }));
      story.expectRefused('not_in_hand', (one) => one.operate({ kind, step: 'all' }));
    }
  });
});

describe('of two arms of a parallel that are tried for ever', () => {
  /** Both fail again and again, and a person has stopped the saga. */
  const stopped = (): Story => {
    const story: Story = atBoth();
    for (let time = 0; time < 20; time += 1) {
      story
        .expectCommand(Mail)
        .fail('handler_failed')
        .expectCommand(Charge)
        .fail('handler_failed')
        .advance('2m');
    }
    story.expectCommand(Mail).noReply().expectCommand(Charge).noReply();
    return story.operate({ kind: 'suspend' });
  };

  it('one is taken for done by its name, and the other goes on', () => {
    stopped().expectRefused('output_needed', (story) => story.operate({ kind: 'skip', step: 'one' }));
    const story = stopped().operate({ kind: 'skip', step: 'one', output: SENT }).expectStatus('running');
    story.advance('2m').expectCommand(Charge).reply().expectCompleted();
  });

  it('both are taken for done, one after the other', () => {
    const story = stopped().operate({ kind: 'skip', step: 'other' }).operate({ kind: 'suspend' });
    story.operate({ kind: 'skip', output: SENT }).expectCompleted();
  });

  it('one is sent again at once, and the other gets its whole time', () => {
    const story: Story = atBoth();
    const charge = story.expectCommand(Charge);
    story.expectCommand(Mail).fail('handler_failed').operate({ kind: 'suspend' }).advance('30d');
    story.operate({ kind: 'retry', step: 'one' }).expectCommand(Mail).reply(SENT).expectNothing();
    charge.reply().expectCompleted();
  });

  it('the one that is tried can be taken for done while the saga is suspended for the other', () => {
    const story: Story = atBoth().expectCommand(Charge).noReply().expectCommand(Mail).fail('payload_changed');
    story.expectSuspended({ step: 'one' }).operate({ kind: 'skip', step: 'other' });
    story.expectSuspended({ step: 'one' }).operate({ kind: 'skip', step: 'one', output: SENT });
    story.expectCompleted();
  });

  it('the history names the one that was taken for done', () => {
    const story = stopped().operate({ kind: 'skip', step: 'other' });
    expect(story.history.at(-1)).toMatch(/operator: skip of 'other' \(in the story\)/);
  });
});
