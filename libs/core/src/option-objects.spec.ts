import { describe, expect, it } from '@jest/globals';
import { call, command, signal } from './contract.js';
import { DefinitionError } from './errors.js';
import { Charge, OrderInput, Refund, Ship } from './order.fixture.js';
import { readRetry } from './retry-policy.js';
import { saga } from './saga.js';

const options = { version: 1, input: OrderInput };
const step = { send: Ship, with: () => ({ paymentId: '' }) };
const undo = { send: Refund, with: () => ({ reservationId: '' }) };
const Go = signal('go', { data: OrderInput });
const Ask = call('ask', { request: OrderInput, reply: OrderInput });
const Child = saga('child', options).step('a', step).build();
const begun = () => saga('order', options);
/** What plain JavaScript may give: the compiler refuses it in literals only. */
const odd = <T>(known: T, more: object): T => ({ ...known, ...more });

const WITH_MORE: [string, (more: object) => unknown][] = [
  ["command 'a.b'", (more) => command('a.b', odd({ request: OrderInput }, more))],
  ["signal 'go'", (more) => signal('go', odd({ data: OrderInput }, more))],
  ["call 'ask'", (more) => call('ask', odd({ request: OrderInput, reply: OrderInput }, more))],
  ["saga 'order'", (more) => saga('order', odd(options, more))],
  ["step 'a'", (more) => begun().step('a', odd(step, more))],
  ["step 'a', option 'undo.", (more) => begun().step('a', { ...step, undo: odd(undo, more) })],
  ["step 'a', option 'retry.", (more) => begun().step('a', { ...step, retry: odd({ jitter: 0 }, more) })],
  ["step 'b'", (more) => begun().pivot('a', step).retriable('b', odd(step, more))],
  ["step 'a'", (more) => begun().pivot('a', odd(step, more))],
  [
    "step 'a'",
    (more) => begun().child('a', odd({ saga: Child, with: () => ({ item: '', amount: 1 }) }, more)),
  ],
  ["step 'a'", (more) => begun().waitFor('a', odd({ signals: [Go] as const }, more))],
  [
    "call 'ask'",
    (more) => begun().onCall(Ask, odd({ handle: () => ({ answer: { item: '', amount: 1 } }) }, more)),
  ],
];

describe('an option that there is not', () => {
  it.each(WITH_MORE)('is refused by its name, with those that there are: %s', (subject, make) => {
    expect(() => make({})).not.toThrow();
    expect(() => make({ retires: undefined })).not.toThrow();
    for (const name of ['retires', 'maxAttempts', '']) {
      expect(() => make({ [name]: 3 })).toThrow(DefinitionError);
      expect(() => make({ [name]: 3 })).toThrow(subject);
      expect(() => make({ [name]: 3 })).toThrow(`${name}': there is no such option here; there are `);
    }
  });

  it('is what another kind of step has: what cannot be undone, or led back from, says so', () => {
    expect(() => begun().pivot('a', odd(step, { undo }))).toThrow("'undo': there is no such option");
    expect(() => begun().pivot('a', step).retriable('b', odd(step, { undo }))).toThrow(
      "'undo': there is no such",
    );
    expect(() =>
      begun().parallel('p', (arms) => arms.step('a', odd(step, { jump: () => 'a' })).step('b', step)),
    ).toThrow("'jump': there is no such option");
  });

  it.each([[undefined], [null], [7], ['text'], [[]]])('are not options at all: %j', (none) => {
    expect(() => saga('order', none as never)).toThrow("saga 'order': must be an object");
    expect(() => begun().step('a', none as never)).toThrow("step 'a': must be an object");
    expect(() => command('a.b', none as never)).toThrow("command 'a.b': must be an object");
  });

  it('is a rejection that the contract does not declare', () => {
    const onRejected = { no_adress: 'a' };
    expect(() => begun().step('a', odd(step, { onRejected }))).toThrow(
      "option 'onRejected.no_adress': 'shipping.ship' has no such rejection; it has no_address",
    );
    expect(() =>
      begun().step('a', {
        send: Charge,
        with: () => ({ amount: 1, reservationId: '' }),
        onRejected: { no_money: 'a' },
      }),
    ).not.toThrow();
  });
});

const NO_WHOLE: unknown[] = [0, -1, 1.5, Number.NaN, Infinity, -0, '5', 5n, null, [2], true];

describe('a number that is out of bounds', () => {
  it.each<[string, string, (bad: number) => unknown]>([
    ["saga 'order', option 'version'", 'from 1', (bad) => saga('order', { ...options, version: bad })],
    [
      "step 'a', option 'maximumVisits'",
      'from 1 to 1000',
      (bad) => begun().step('a', { ...step, maximumVisits: bad }),
    ],
    [
      "option 'maximumVisits'",
      'from 1 to 1000',
      (bad) => begun().waitFor('a', { signals: [Go], maximumVisits: bad }),
    ],
    [
      "option 'retry.maximumAttempts'",
      'from 1 to 1000000',
      (bad) => readRetry('x', { maximumAttempts: bad }),
    ],
  ])('is refused with its bounds: %s', (place, bounds, make) => {
    for (const bad of NO_WHOLE) {
      expect(() => make(bad as number)).toThrow(DefinitionError);
      expect(() => make(bad as number)).toThrow(place);
      expect(() => make(bad as number)).toThrow(`use a whole number ${bounds}`);
    }
  });

  it.each<[string, unknown[], (bad: number) => unknown]>([
    [
      "option 'retry.backoffCoefficient'",
      [0, 0.9, -1, Number.NaN, Infinity, 1_001, '2', 2n, null],
      (bad) => readRetry('x', { backoffCoefficient: bad }),
    ],
    [
      "option 'retry.jitter'",
      [-0.1, 1.1, Number.NaN, Infinity, '0', 0n, null],
      (bad) => readRetry('x', { jitter: bad }),
    ],
  ])('is refused with its bounds: %s', (place, bads, make) => {
    for (const bad of bads) {
      expect(() => make(bad as number)).toThrow(DefinitionError);
      expect(() => make(bad as number)).toThrow(place);
      expect(() => make(bad as number)).toThrow('use a number from');
    }
  });

  it.each([['no'], [['ok', 7]], [7], [null]])('are no codes: %j', (codes) => {
    expect(() => readRetry('x', { nonRetryableCodes: codes as string[] })).toThrow(
      "option 'retry.nonRetryableCodes'",
    );
  });
});
