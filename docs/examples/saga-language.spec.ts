import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { given, type Story } from '@skald/testing';
import {
  Approved,
  AskPrice,
  ChangeAddress,
  Declined,
  Pay,
  Refund,
  Release,
  Reserve,
  Ship,
  Tell,
  WasPaid,
} from './contracts.js';
import {
  BranchSaga,
  CallSaga,
  ChildSaga,
  DeadlineSaga,
  JumpSaga,
  ParallelSaga,
  PivotSaga,
  ProbeSaga,
  SleepSaga,
  StepSaga,
  WaitSaga,
} from './sagas.js';

const ORDER = { item: 'hat', price: 30 };
const RESERVED = { reservationId: 'r-1' };
const PAID = { paymentId: 'p-1' };
const BY = { by: 'ada' };

describe('docs/saga-language.md', () => {
  it('shows the examples that are run here', async () => {
    const page = await readFile('docs/saga-language.md', 'utf8');
    const source = await readFile('docs/examples/sagas.ts', 'utf8');
    const regions = [...source.matchAll(/\/\/ #region (\w+)\n([\s\S]*?)\/\/ #endregion/g)];
    expect(regions).toHaveLength(11);
    for (const [, , code = ''] of regions) expect(page).toContain(code.trimEnd());
  });
});

describe('a step', () => {
  const reserved = (): Story =>
    given(StepSaga, ORDER).expectCommand(Reserve, { item: 'hat' }).reply(RESERVED);

  it('success: keeps its reply and goes on', () => {
    reserved().expectCommand(Pay).reply(PAID).expectCompleted({ reservationId: 'r-1' });
  });

  it('rejection: is not tried again; the steps before it are undone, newest first', () => {
    reserved()
      .expectCommand(Pay)
      .reject('no_money')
      .expectCommand(Release)
      .reply()
      .expectCompensated(['reserve']);
  });

  it('failure: is tried again, and in the end undone, since it may have happened', () => {
    given(StepSaga, ORDER)
      .expectCommand(Reserve)
      .fail()
      .advance('2s')
      .expectCommand(Reserve)
      .fail()
      .advance('3s')
      .expectCommand(Reserve)
      .fail()
      .expectCommand(Release)
      .reply()
      .expectCompensated(['reserve']);
  });

  it('unknown: counts as possibly done and is undone', () => {
    given(StepSaga, ORDER)
      .expectCommand(Reserve)
      .noReply()
      .advance('1m')
      .expectCommand(Release)
      .reply()
      .expectCompensated();
  });

  it('unknown: a success that comes after that changes nothing', () => {
    const story = given(StepSaga, ORDER);
    const reserve = story.expectCommand(Reserve);
    reserve.noReply().advance('1m');
    reserve.reply(RESERVED).expectCommand(Release).reply().expectCompensated(['reserve']);
  });

  it('cancel: what is pending counts as possibly done and is undone', () => {
    const story = given(StepSaga, ORDER);
    story.expectCommand(Reserve).noReply();
    story.cancel().expectCommand(Release).reply().expectCompensated();
  });

  it('a compensation that cannot be made suspends the saga', () => {
    reserved()
      .expectCommand(Pay)
      .reject('no_money')
      .expectCommand(Release)
      .noReply()
      .advance('1h')
      .expectSuspended({ step: 'reserve', outcome: 'unknown', direction: 'undo' });
  });
});

describe('a probe', () => {
  const asked = (): ReturnType<Story['expectCommand']> =>
    given(ProbeSaga, ORDER).expectCommand(Pay).noReply().advance('10s').expectCommand(WasPaid);

  it('it happened: the step succeeds with the reply that the probe gives', () => {
    asked().reply({ happened: true, reply: PAID }).expectCompleted({ paymentId: 'p-1' });
  });

  it('it did not happen: the saga turns back, and the step is not undone', () => {
    asked().reply({ happened: false }).expectCompensated([]);
  });

  it('unknown: when the probe is not answered either, the step is undone', () => {
    asked().noReply().advance('1h').expectCommand(Refund).reply().expectCompensated(['pay']);
  });
});

describe('a pivot and what follows it', () => {
  const atPivot = (): Story<{ paymentId: string }> =>
    given(PivotSaga, ORDER).expectCommand(Reserve).reply(RESERVED);
  const pastPivot = (): Story<{ paymentId: string }> => atPivot().expectCommand(Pay).reply(PAID);

  it('success: from then on the saga can only go forward', () => {
    pastPivot().expectCommand(Ship).reply().expectCompleted({ paymentId: 'p-1' });
  });

  it('rejection of the pivot: the steps before it are undone', () => {
    atPivot()
      .expectCommand(Pay)
      .reject('no_money')
      .expectCommand(Release)
      .reply()
      .expectCompensated(['reserve']);
  });

  it('unknown pivot without a probe: suspended, since only a person can know', () => {
    const story = atPivot();
    story.expectCommand(Pay).noReply();
    story.advance('1h').expectSuspended({ step: 'pay', outcome: 'unknown' });
  });

  it('failure of a retriable: it is tried again without limit, with capped backoff', () => {
    const story = pastPivot();
    story.expectCommand(Ship).noReply();
    story.advance('7d').expectStatus('running');
    expect(story.instance.visits.at(-1)?.action.attempt).toBeGreaterThan(1_000);
  });

  it('rejection of a retriable: suspended, since there is no way back', () => {
    pastPivot()
      .expectCommand(Ship)
      .reject('no_address')
      .expectSuspended({ step: 'ship', outcome: 'rejected', code: 'no_address' });
  });

  it('cancel after the pivot: is refused, with the reason', () => {
    pastPivot().expectRefused('past_pivot', (story) => story.cancel());
  });

  it('cancel while the pivot is pending: is refused, since it may have happened', () => {
    const story = atPivot();
    story.expectCommand(Pay).noReply();
    story.expectRefused('past_pivot', () => story.cancel());
  });
});

describe('a parallel', () => {
  it('success: all are sent at once, and joined in any order', () => {
    const story = given(ParallelSaga, ORDER);
    const reserve = story.expectCommand(Reserve);
    story.expectCommand(Pay).reply(PAID).expectStatus('running');
    reserve.reply(RESERVED).expectCompleted({ ids: ['r-1', 'p-1'] });
  });

  it('rejection: the others are awaited, then everything that was done is undone', () => {
    const story = given(ParallelSaga, ORDER);
    const reserve = story.expectCommand(Reserve);
    story.expectCommand(Pay).reject('no_money').expectStatus('running').expectNothing();
    reserve.reply(RESERVED).expectCommand(Release).reply().expectCompensated(['reserve']);
  });

  it('unknown: what was never answered is undone too', () => {
    const story = given(ParallelSaga, ORDER);
    story.expectCommand(Reserve).noReply();
    story.expectCommand(Pay).reply(PAID);
    story.advance('1h').expectCommand(Refund).reply();
    story.expectCommand(Release).reply().expectCompensated(['pay', 'reserve']);
  });

  it('cancel: all of it is undone', () => {
    const story = given(ParallelSaga, ORDER);
    story.expectCommand(Reserve).noReply();
    story.expectCommand(Pay).reply(PAID).cancel();
    story.expectCommand(Refund).reply().expectCommand(Release).reply().expectCompensated();
  });
});

describe('a branch', () => {
  it('takes the arm that the data choose', () => {
    given(BranchSaga, ORDER)
      .expectCommand(Pay)
      .reply(PAID)
      .expectCommand(Reserve)
      .reply(RESERVED)
      .expectCompleted({ paymentId: 'p-1' });
  });

  it('goes on after an empty arm, whose results are missing', () => {
    given(BranchSaga, { item: 'hat', price: 0 })
      .expectCommand(Reserve)
      .reply(RESERVED)
      .expectCompleted({ paymentId: 'none' });
  });

  it('rejection in an arm: turns back like any step', () => {
    given(BranchSaga, ORDER).expectCommand(Pay).reject('no_money').expectCompensated([]);
  });
});

describe('a jump', () => {
  it('goes back by the reply, and each visit has its own command', () => {
    const story = given(JumpSaga, ORDER).expectCommand(AskPrice).reply({ price: 100 });
    story.expectCommand(AskPrice).reply({ price: 20 }).expectCommand(Pay, { price: 20 }).reply(PAID);
    story.expectCompleted({ price: 20 });
    expect(story.instance.visits.map(({ step, visit }) => `${step} ${visit}`)).toEqual([
      'ask price 1',
      'ask price 2',
      'pay 1',
    ]);
  });

  it('goes back by a rejection instead of turning back', () => {
    given(JumpSaga, ORDER)
      .expectCommand(AskPrice)
      .reply({ price: 50 })
      .expectCommand(Pay)
      .reject('too_dear')
      .expectCommand(AskPrice)
      .reply({ price: 40 })
      .expectCommand(Pay, { price: 40 })
      .reply(PAID)
      .expectCompleted();
  });

  it('is bounded: too many visits turn the saga back', () => {
    const story = given(JumpSaga, ORDER);
    for (let visit = 0; visit < 3; visit += 1) story.expectCommand(AskPrice).reply({ price: 100 });
    story.expectCompensated([]);
    expect(story.instance.failure?.code).toBe('too_many_visits');
  });
});

describe('a child saga', () => {
  it('success: its output is the reply', () => {
    given(ChildSaga, ORDER)
      .expectChild(PivotSaga, ORDER)
      .reply(PAID)
      .expectChild(ParallelSaga)
      .reply({ ids: [] })
      .expectCompleted({ paymentId: 'p-1' });
  });

  it('rejection: a child that was compensated is a no; children before it are compensated', () => {
    given(ChildSaga, ORDER)
      .expectChild(PivotSaga)
      .reply(PAID)
      .expectChild(ParallelSaga)
      .reject('no_money')
      .expectChildCompensation(PivotSaga)
      .reply()
      .expectCompensated(['buy']);
  });

  it('a child that cannot be compensated suspends its parent', () => {
    given(ChildSaga, ORDER)
      .expectChild(PivotSaga)
      .reply(PAID)
      .expectChild(ParallelSaga)
      .reject('no_money')
      .expectChildCompensation(PivotSaga)
      .reject('past_pivot')
      .expectSuspended({ step: 'buy', code: 'past_pivot', direction: 'undo' });
  });

  it('unknown: none, since a child has its own times; cancel: the child is compensated', () => {
    const story = given(ChildSaga, ORDER);
    story.expectChild(PivotSaga);
    story.advance('30d').expectStatus('running').cancel().expectChildCompensation(PivotSaga).reply();
    story.expectCompensated();
  });
});

describe('a sleep', () => {
  it('lasts as long as it says, or until a date from the data', () => {
    given(SleepSaga, { ...ORDER, deliverOn: '2026-01-03T00:00:00Z' })
      .advance('10m')
      .expectNothing()
      .advance('1d')
      .expectNothing()
      .advance('1d')
      .expectCommand(Reserve)
      .reply(RESERVED)
      .expectCompleted();
  });

  it('cancel: ends at once', () => {
    given(SleepSaga, ORDER).cancel().expectCompensated([]);
  });

  it('a date that is none suspends the saga', () => {
    given(SleepSaga, { ...ORDER, deliverOn: 'some day' })
      .advance('10m')
      .expectSuspended({ step: 'until delivery', outcome: 'defect' });
  });
});

describe('waiting for a signal', () => {
  it('ends with the first of the signals', () => {
    given(WaitSaga, ORDER)
      .signal(Approved, BY)
      .expectCommand(Pay)
      .reply(PAID)
      .expectCompleted({ decision: 'approved' });
    given(WaitSaga, ORDER).signal(Declined, BY).expectCompleted({ decision: 'declined' });
  });

  it('ends with its timeout when none comes', () => {
    given(WaitSaga, ORDER).advance('1d').expectCompleted({ decision: 'timeout' });
  });

  it('keeps a signal that comes before the wait', () => {
    given(DeadlineSaga, ORDER).signal(Approved, BY).expectCommand(Reserve).reply(RESERVED).expectCompleted();
  });

  it('counts a copy of a signal once', () => {
    const story = given(DeadlineSaga, ORDER).signal(Approved, BY, 'm-1').signal(Approved, BY, 'm-1');
    expect(story.instance.inbox).toHaveLength(1);
  });

  it('refuses a signal that the saga never waits for, and one after the end', () => {
    given(DeadlineSaga, ORDER).expectRefused('unknown_signal', (story) => story.signal(Declined, BY));
    given(SleepSaga, ORDER)
      .cancel()
      .expectRefused('ended', (story) => story.signal(Approved, BY));
  });

  it('cancel: ends the wait', () => {
    given(WaitSaga, ORDER).cancel().expectCompensated([]);
  });
});

describe('a call', () => {
  it('is answered at once, and what it keeps is there for later steps', () => {
    given(CallSaga, ORDER)
      .call(ChangeAddress, { street: 'Main Street' })
      .expectAnswer({ accepted: true })
      .signal(Approved, BY)
      .expectCommand(Tell, { item: 'hat to Main Street' })
      .reply()
      .expectCompleted();
  });

  it('rejection: changes nothing', () => {
    const story = given(CallSaga, ORDER).call(ChangeAddress, { street: '' }).expectNo('shipped_already');
    expect(story.instance.results).toEqual({});
  });

  it('gives a copy the same answer, and keeps what it kept', () => {
    const story = given(CallSaga, ORDER).call(ChangeAddress, { street: 'One' }, 'm-1');
    story.call(ChangeAddress, { street: 'Two' }, 'm-1').expectAnswer({ accepted: true });
    expect(story.instance.results).toEqual({ address: { street: 'One' } });
  });
});

describe('a deadline', () => {
  it('turns the saga back when it has passed', () => {
    const story = given(DeadlineSaga, ORDER).expectCommand(Reserve).reply(RESERVED).advance('1h');
    story.expectCommand(Release).reply().expectCompensated(['reserve']);
    expect(story.instance.failure?.outcome).toBe('deadline');
  });

  it('means nothing once the saga has ended', () => {
    given(DeadlineSaga, ORDER)
      .expectCommand(Reserve)
      .reply(RESERVED)
      .signal(Approved, BY)
      .expectCompleted()
      .advance('2h')
      .expectCompleted();
  });
});
