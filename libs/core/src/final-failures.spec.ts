import { describe, it } from '@jest/globals';
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

  it('is left alone where there are several: which one is meant, nobody could tell', () => {
    const definition = saga('both', { version: 1, input: Any })
      .parallel('all', (arms) =>
        arms.step('one', { send: Book, with: () => ({}) }).step('other', { send: Charge, with: () => ({}) }),
      )
      .build();
    const story: Story = given(definition, SENT).operate({ kind: 'suspend' });
    for (const kind of ['retry', 'skip'] as const)
      story.expectRefused('not_stuck', (one) => one.operate({ kind }));
  });
});
