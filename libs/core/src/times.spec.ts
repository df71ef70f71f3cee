import { describe, expect, it } from '@jest/globals';
import { command, signal } from './contract.js';
import type { AnySaga } from './definition.js';
import { type Duration, readDuration } from './duration.js';
import { DefinitionError } from './errors.js';
import { OrderInput, OrderStory, START } from './order.fixture.js';
import { retryDelayMs } from './retry-policy.js';
import { saga } from './saga.js';

const Do = command('payment.do', { request: OrderInput });
const Go = signal('go', { data: OrderInput });
const payload = (): OrderInput => ({ item: 'hat', amount: 1 });

function begun(definition: AnySaga): OrderStory {
  return new OrderStory(definition).begin();
}

function sleeping(until: unknown): OrderStory {
  return begun(
    saga('order', { version: 1, input: OrderInput })
      .sleep('nap', () => until as string)
      .step('work', { send: Do, with: payload })
      .build(),
  );
}

describe('a pause until a time that a function gives', () => {
  it.each([
    '1970-01-01',
    '1970-01-01T00:00:00Z',
    '0000-01-01',
    '0001-01-01T00:00:00Z',
    '-271821-04-20T00:00:00Z',
    '2026-11-19',
  ])('ends at once when that is %s, which is past', (until) => {
    const story = sleeping(until);
    expect(story.state).toMatchObject({ status: 'running', wakeAt: START });
    expect(story.passes(0).sent).toEqual(['do work #1']);
  });

  it('ends at the time of a Date', () => {
    expect(sleeping(new Date('2026-11-21T09:00:00Z')).state.wakeAt).toBe(Date.parse('2026-11-21T09:00:00Z'));
    expect(sleeping(new Date(0)).state).toMatchObject({ status: 'running', wakeAt: START });
  });

  it('ends at once after 0 milliseconds', () => {
    expect(sleeping(0).passes(0).sent).toEqual(['do work #1']);
  });

  it.each<[string, number]>([
    ['2026-11-21', Date.parse('2026-11-21')],
    ['2028-02-29', Date.parse('2028-02-29')],
    ['9999-12-31T23:59:59.999Z', Date.parse('9999-12-31T23:59:59.999Z')],
  ])('ends at %s', (until, at) => {
    expect(sleeping(until).state.wakeAt).toBe(at);
  });

  it.each<[string, unknown, string]>([
    ['the year 10000', '9999-12-31T24:00:00Z', 'lies after 9999-12-31'],
    ['the last date of JavaScript', '+275760-09-13T00:00:00Z', 'lies after 9999-12-31'],
    ['after it', '+999999-01-01', 'is no date'],
    ['the 30th of February', '2026-02-30', 'is no date'],
    ['month 13', '2026-13-01', 'is no date'],
    ['a date with more behind it', '2026-11-20 in the morning', 'is no date'],
    ['a date that is none', new Date(Number.NaN), 'is not a duration'],
    ['a date of a country', '20/11/2026', 'ISO 8601'],
    ['seconds since 1970 and more', 1_767_225_600_000, 'ISO 8601'],
    ['a Date after the year 9999', new Date('+010000-01-01T00:00:00Z'), 'lies after 9999-12-31'],
    ['NaN', Number.NaN, 'NaN is not a duration'],
    ['infinity', Infinity, 'Infinity is not a duration'],
    ['a negative number', -1, '-1 must lie between 0 and 365 days'],
    ['a negative text', '-1s', 'must lie between 0 and 365 days'],
    ['a year and a day', '366d', 'must lie between 0 and 365 days'],
    ['a huge number', 1e300, 'must lie between 0 and 365 days'],
    ['a bigint', 1n, 'is not a duration'],
    ['nothing', undefined, 'undefined is not a duration'],
    ['null', null, 'null is not a duration'],
    ['an empty text', '', '"" is not a duration'],
    ['words', 'soon', '"soon" is not a duration'],
    ['a megabyte', '1'.repeat(1_000_000), 'is not a duration'],
  ])('suspends the saga with the reason when that is %s', (_kind, until, text) => {
    const { state } = sleeping(until);
    expect(state).toMatchObject({ status: 'suspended', wakeAt: null });
    expect(state.suspension).toMatchObject({ step: 'nap', outcome: 'defect' });
    expect(state.suspension?.message).toContain(text);
    expect(state.suspension?.message.length).toBeLessThan(500);
  });
});

const BAD_DURATIONS: unknown[] = [
  Number.NaN,
  Infinity,
  -1,
  '-1s',
  '366d',
  1e300,
  1n,
  null,
  '',
  'soon',
  {},
  '1970-01-01',
];

describe('a time that a definition gives', () => {
  const options = { version: 1, input: OrderInput };
  const PLACES: [string, (bad: Duration) => unknown][] = [
    [
      "saga 'order', option 'timeout'",
      (bad) =>
        saga('order', { ...options, timeout: bad })
          .step('a', { send: Do, with: payload })
          .build(),
    ],
    [
      "saga 'order', option 'deadline'",
      (bad) =>
        saga('order', { ...options, deadline: bad })
          .step('a', { send: Do, with: payload })
          .build(),
    ],
    [
      "step 'a', option 'timeout'",
      (bad) => saga('order', options).step('a', { send: Do, with: payload, timeout: bad }),
    ],
    [
      "step 'a', option 'undo.timeout'",
      (bad) =>
        saga('order', options).step('a', {
          send: Do,
          with: payload,
          undo: { send: Do, with: payload, timeout: bad },
        }),
    ],
    ["step 'a', option 'duration'", (bad) => saga('order', options).sleep('a', bad)],
    [
      "step 'a', option 'timeout'",
      (bad) => saga('order', options).waitFor('a', { signals: [Go], timeout: bad }),
    ],
    [
      "step 'a', option 'retry.initialInterval'",
      (bad) => saga('order', options).step('a', { send: Do, with: payload, retry: { initialInterval: bad } }),
    ],
    [
      "step 'a', option 'retry.maximumInterval'",
      (bad) => saga('order', options).step('a', { send: Do, with: payload, retry: { maximumInterval: bad } }),
    ],
  ];

  it.each(PLACES)('is refused when it is built if it is none that can be: %s', (place, build) => {
    for (const bad of BAD_DURATIONS) {
      expect(() => build(bad as Duration)).toThrow(DefinitionError);
      expect(() => build(bad as Duration)).toThrow(place);
      expect(() => build(bad as Duration)).toThrow(/is not a duration|must lie between 0 and 365 days/);
    }
  });

  it.each(PLACES.filter(([place]) => place.includes('timeout') || place.includes('deadline')))(
    'is refused when nothing could ever be in time: %s',
    (place, build) => {
      expect(() => build(0)).toThrow(place);
      expect(() => build('0s')).toThrow('longer than 0');
    },
  );

  it('is rounded to whole milliseconds, and never to nothing', () => {
    expect(readDuration('x', 'y', 0.1)).toBe(1);
    expect(readDuration('x', 'y', '1.5ms')).toBe(2);
    expect(readDuration('x', 'y', '1.1m')).toBe(66_000);
    expect(readDuration('x', 'y', 0)).toBe(0);
  });
});

describe('a clock that begins in 1970', () => {
  it('starts, waits, times out and is turned back at 0 as at any other time', () => {
    const definition = saga('order', { version: 1, input: OrderInput, deadline: 1 })
      .step('a', { send: Do, with: payload, timeout: 1, undo: { send: Do, with: payload } })
      .build();
    const story = new OrderStory(definition);
    story.now = -1;
    story.begin();
    expect(story.state).toMatchObject({ wakeAt: 0, deadlineAt: 0 });
    story.passes(1);
    expect(story.state.failure).toMatchObject({ outcome: 'deadline' });
    expect(story.sent).toEqual(['do a #1', 'undo a #1']);
  });
});

describe('the pause before a retry', () => {
  it.each([0, 1, 100, 1_000])(
    'is finite, and within its bounds, for every attempt: initially %d ms',
    (initialIntervalMs) => {
      for (const backoffCoefficient of [1, 1.000_1, 2, 1_000]) {
        const policy = {
          initialIntervalMs,
          backoffCoefficient,
          maximumIntervalMs: 60_000,
          maximumAttempts: Infinity,
          jitter: 0,
          nonRetryableCodes: [],
        };
        let outside = 0;
        let before = 0;
        for (let attempt = 1; attempt <= 1_000_000; attempt += 1) {
          const delay = retryDelayMs(policy, attempt, 0.5);
          if (!(delay >= initialIntervalMs && delay <= 60_000 && delay >= before)) outside += 1;
          before = delay;
        }
        expect(outside).toBe(0);
      }
    },
  );
});
