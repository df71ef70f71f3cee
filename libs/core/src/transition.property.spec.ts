import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isEnded, isOpen, type SagaInstance } from './instance.js';
import { OrderSaga, OrderStory } from './order.fixture.js';

type Act = (story: OrderStory) => void;

const step = fc.constantFrom('reserve stock', 'charge', 'ship');
const direction = fc.constantFrom('do' as const, 'undo' as const);
const attempt = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined });
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(step, direction).map(
    ([s, d]): Act =>
      (story) =>
        void story.succeeds(s, { reservationId: 'r', paymentId: 'p' }, d),
  ),
  fc.tuple(step, direction).map(
    ([s, d]): Act =>
      (story) =>
        void story.rejects(s, 'no', d),
  ),
  fc.tuple(step, direction, attempt).map(
    ([s, d, a]): Act =>
      (story) =>
        void story.fails(s, d, a),
  ),
  fc.integer({ min: 0, max: 15_000 }).map(
    (ms): Act =>
      (story) =>
        void story.passes(ms),
  ),
  fc.constant<Act>((story) => void story.begin()),
);

function check(before: SagaInstance, after: SagaInstance): void {
  const exchanges = after.visits.flatMap((visit) => [visit.action, visit.undo]);
  const open = exchanges.filter((exchange) => isOpen(exchange));
  if (isEnded(before.status) || before.status === 'suspended') expect(after).toEqual(before);
  expect(after.revision - before.revision).toBeLessThanOrEqual(1);
  expect(open.length).toBe(after.status === 'running' || after.status === 'compensating' ? 1 : 0);
  expect(after.wakeAt).toBe(open[0]?.dueAt ?? null);
  if (after.status === 'completed') {
    expect(after.visits.map(({ action }) => action.state)).toEqual(OrderSaga.nodes.map(() => 'succeeded'));
  }
  if (after.status === 'compensated') {
    for (const { step: name, action, undo } of after.visits) {
      const mayHaveHappened = action.state !== 'rejected' && name !== 'ship';
      expect(undo?.state).toBe(mayHaveHappened ? 'succeeded' : undefined);
    }
  }
  if (after.status === 'suspended') expect(after.suspension).toBeDefined();
}

describe('whatever arrives in whatever order', () => {
  it('keeps an instance whole after every event', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const story = new OrderStory().begin();
        for (const happens of acts) {
          const before = story.state;
          happens(story);
          check(before, story.state);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('lets every saga end or be suspended once nobody answers any more', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
        const story = new OrderStory().begin();
        for (const happens of acts) happens(story);
        for (let wait = 0; wait < 100; wait += 1) story.passes(60_000);
        expect(['completed', 'compensated', 'suspended']).toContain(story.state.status);
      }),
      { numRuns: 500 },
    );
  });
});
