import { describe, expect, it } from '@jest/globals';
import { command } from './contract.js';
import type { Postponed } from './due-commands.js';
import { historyEntry, type SagaEvent } from './events.js';
import type { SagaInstance } from './instance.js';
import { OrderStory, START } from './order.fixture.js';
import { saga } from './saga.js';
import { timelineText } from './timeline.js';
import { transition } from './transition.js';

class Empty {
  item?: string;
}

const Ping = command('stock.ping', { request: Empty });

/** Two steps beside each other, of which the first is given 4 s and the second 30 s. */
const TwoArms = saga('order', { version: 1, input: Empty, deadline: '1m' })
  .parallel('both', (arms) =>
    arms
      .step('quick', { send: Ping, with: () => ({}), timeout: '4s' })
      .step('slow', { send: Ping, with: () => ({}), timeout: '30s' }),
  )
  .build();

function queued(until: number, index = 1): Postponed {
  return { index, direction: 'do', until, reason: 'queued' };
}

describe('a command whose time is up while it lies unread at its participant', () => {
  const story = (): OrderStory => new OrderStory(TwoArms).begin();

  function timerAt(
    instance: SagaInstance,
    at: number,
    more: Omit<Extract<SagaEvent, { kind: 'timer' }>, 'kind' | 'at' | 'random'>,
  ): { after: ReturnType<typeof transition>; line: string } {
    const event = { kind: 'timer', at, random: 0.5, ...more } as const;
    const after = transition(TwoArms, instance, event);
    if (after === null) throw new Error('nothing had started');
    return { after, line: timelineText(historyEntry(instance, event, after)) };
  }

  function begun(): SagaInstance {
    const { instance } = story();
    if (instance === null) throw new Error('nothing had started');
    return instance;
  }

  it('is neither sent again nor counted as unanswered, and the history says why', () => {
    const { after, line } = timerAt(begun(), START + 4_000, { postponed: [queued(START + 8_000)] });

    expect(after?.effects.map(({ kind }) => kind)).toEqual(['queued']);
    expect(after?.instance.visits[1]?.action).toMatchObject({ state: 'pending', attempt: 1, queued: true });
    expect(after?.instance.visits[1]?.action.unanswered).toBeUndefined();
    expect(after?.instance.wakeAt).toBe(START + 8_000);
    expect(line).toBe("no reply to 'quick' (attempt 1) → 'quick' lies unread at its participant");
  });

  it('adds nothing more to the history, however often it is found so', () => {
    const once = timerAt(begun(), START + 4_000, { postponed: [queued(START + 8_000)] }).after;
    const instance = once?.instance ?? begun();

    const again = timerAt(instance, START + 8_000, { postponed: [queued(START + 16_000)] }).after;

    expect(again?.instance).toBe(instance);
    expect(again?.wakeAt).toBe(START + 16_000);
  });

  it('does not hold up what else is due', () => {
    const { after } = timerAt(begun(), START + 30_000, { postponed: [queued(START + 34_000)] });

    expect(after?.effects.map(({ kind }) => kind)).toEqual(['queued', 'retry']);
    expect(after?.instance.visits[1]?.action).toMatchObject({ state: 'pending', attempt: 1 });
    expect(after?.instance.visits[2]?.action).toMatchObject({ state: 'waiting', unanswered: 1 });
  });

  it('counts once it was read, and what was said of the queue is over', () => {
    const once = timerAt(begun(), START + 4_000, { postponed: [queued(START + 8_000)] }).after;

    const { after } = timerAt(once?.instance ?? begun(), START + 8_000, {});

    expect(after?.instance.visits[1]?.action).toMatchObject({ state: 'waiting', unanswered: 1 });
    expect(after?.instance.visits[1]?.action.queued).toBeUndefined();
  });

  it("waits no longer than its saga's deadline", () => {
    const { after } = timerAt(begun(), START + 60_000, {
      postponed: [queued(START + 64_000), queued(START + 64_000, 2)],
    });

    expect(after?.instance.status).toBe('compensated');
    expect(after?.instance.failure).toMatchObject({ outcome: 'deadline' });
  });
});

describe('a command whose time is up before it is sent', () => {
  it('does not count however often it is found so, and has its time anew when it is sent', () => {
    const { instance: begun } = new OrderStory(TwoArms).begin();
    const found = (
      before: SagaInstance | null | undefined,
      at: number,
      reason: 'unsent' | 'sent',
    ): { after: NonNullable<ReturnType<typeof transition>>; line: string } => {
      const postponed = [{ index: 1, direction: 'do', until: at + 4_000, reason }] as const;
      const event = { kind: 'timer', at, random: 0.5, postponed } as const;
      const after = before ? transition(TwoArms, before, event) : null;
      if (!before || after === null) throw new Error('nothing had started');
      return { after, line: timelineText(historyEntry(before, event, after)) };
    };

    const once = found(begun, START + 4_000, 'unsent');
    expect(once.line).toBe("no reply to 'quick' (attempt 1) → 'quick' is still to be sent");
    expect(once.after.instance.visits[1]?.action).toMatchObject({ state: 'pending', attempt: 1 });
    expect(once.after.instance.wakeAt).toBe(START + 8_000);

    const again = found(once.after.instance, START + 8_000, 'unsent');
    expect(again.after.instance).toBe(once.after.instance);
    expect(again.after.wakeAt).toBe(START + 12_000);

    const sent = found(once.after.instance, START + 12_000, 'sent');
    expect(sent.line).toBe("no reply to 'quick' (attempt 1) → 'quick' is sent now: its time begins");
    expect(sent.after.instance.visits[1]?.action).toEqual({
      state: 'pending',
      attempt: 1,
      dueAt: START + 16_000,
    });
    expect(sent.after.instance.wakeAt).toBe(START + 16_000);
  });
});

describe('what is due and may have been answered already', () => {
  it('is looked at again later, and the history says nothing', () => {
    const { instance } = new OrderStory(TwoArms).begin();
    const event = {
      kind: 'timer',
      at: START + 60_000,
      random: 0.5,
      postponed: [1, 2].map((index) => ({ ...queued(START + 60_500, index), reason: 'backlog' as const })),
      deadlinePostponedTo: START + 60_400,
    } as const;

    const after = transition(TwoArms, instance, event);

    expect(after?.instance).toBe(instance);
    expect(after?.effects).toEqual([]);
    expect(after?.wakeAt).toBe(START + 60_400);
  });

  it('leaves a resend for later when it has to wait for its budget', () => {
    const story = new OrderStory(TwoArms).begin().passes(4_000);
    const before = story.instance;

    story.now += 2_000;
    story.happens({
      kind: 'timer',
      postponed: [{ index: 1, direction: 'do', until: story.now + 1_000, reason: 'budget' }],
    });

    expect(story.instance).toEqual(before);
    expect(story.passes(1_000).sent).toEqual(['do quick #1', 'do slow #1', 'do quick #2']);
  });
});
