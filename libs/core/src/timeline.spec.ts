import { describe, expect, it } from '@jest/globals';
import { historyEntry, type SagaEvent } from './events.js';
import { OrderSaga, OrderStory } from './order.fixture.js';
import { timelineText } from './timeline.js';
import { transition } from './transition.js';

/** Tells the story and gives the line of its last event. */
function lastLine(tell: (story: OrderStory) => OrderStory): string {
  let line = '';
  class Listening extends OrderStory {
    override happens(...[event, random = 0.5]: Parameters<OrderStory['happens']>): this {
      const before = this.instance;
      const full: SagaEvent = { ...event, at: this.now, random };
      const after = transition(OrderSaga, before, full);
      if (after !== null && after.instance !== before) line = timelineText(historyEntry(before, full, after));
      return super.happens(event, random);
    }
  }
  tell(new Listening());
  return line;
}

describe('the timeline of a saga', () => {
  it.each<[string, (story: OrderStory) => OrderStory]>([
    ["started → send 'reserve stock'", (story) => story.begin()],
    [
      "'reserve stock' failed: boom, it broke → 'reserve stock' again in 1 s",
      (story) => story.begin().fails('reserve stock'),
    ],
    [
      "pause before 'reserve stock' is over → send 'reserve stock' (attempt 2)",
      (story) => story.begin().fails('reserve stock').passes(1_000),
    ],
    [
      "no reply to 'reserve stock' (attempt 1) → 'reserve stock' again in 1 s",
      (story) => story.begin().passes(10_000),
    ],
    [
      "'charge' rejected: no_money, because → COMPENSATING, send undo of 'reserve stock'",
      (story) => story.begin().succeeds('reserve stock', {}).rejects('charge', 'no_money'),
    ],
    [
      "no reply to 'reserve stock' (attempt 3) → COMPENSATING, send undo of 'reserve stock'",
      (story) => story.begin().passes(10_000).passes(1_000).passes(10_000).passes(2_000).passes(10_000),
    ],
    [
      "undo of 'reserve stock' succeeded → COMPENSATED",
      (story) =>
        story.begin().succeeds('reserve stock', {}).rejects('charge').succeeds('reserve stock', null, 'undo'),
    ],
  ])('says %s', (expected, tell) => {
    expect(lastLine(tell)).toBe(expected);
  });
});
