import { describe, expect, it } from '@jest/globals';
import { command } from './contract.js';
import { DefinitionError } from './errors.js';
import { OrderInput, OrderSaga, ReserveStock, ReserveStockRequest, StockReserved } from './order.fixture.js';
import { saga } from './saga.js';

const reserve = { send: ReserveStock, with: ({ input }: { input: OrderInput }) => ({ item: input.item }) };
const order = (): ReturnType<typeof saga<OrderInput>> => saga('order', { version: 1, input: OrderInput });

/** As plain JavaScript sees the language: without the compiler's checks. */
// oxlint-disable-next-line typescript/no-explicit-any -- the point is to get past the types
const unchecked = (value: unknown): any => value;

describe('a wrong definition throws when it is defined, naming saga, step and option', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'no name',
      () => saga('Create Bot', { version: 1, input: OrderInput }),
      /saga 'Create Bot', option 'name'/,
    ],
    [
      'a version of 0',
      () => saga('order', { version: 0, input: OrderInput }),
      /saga 'order', option 'version'/,
    ],
    [
      'no class of the input',
      () => saga('order', { version: 1, input: unchecked(undefined) }),
      /saga 'order', option 'input'/,
    ],
    ['no steps', () => order().build(), /saga 'order': has no steps/],
    [
      'two steps of one name',
      () => unchecked(order().step('reserve', reserve)).step('reserve', reserve),
      /saga 'order', step 'reserve', option 'name': there is already/,
    ],
    ['a nameless step', () => order().step('', reserve), /step '', option 'name'/],
    [
      'no contract',
      () => order().step('reserve', unchecked({ with: () => ({}) })),
      /step 'reserve', option 'send': must be a contract/,
    ],
    [
      'no payload function',
      () => order().step('reserve', unchecked({ send: ReserveStock })),
      /step 'reserve', option 'with': must be a function/,
    ],
    [
      'an undo without contract',
      () => order().step('reserve', unchecked({ ...reserve, undo: { with: () => ({}) } })),
      /step 'reserve', option 'undo.send'/,
    ],
    [
      'two replies of one name',
      () =>
        order()
          .step('one', { ...reserve, as: 'stock' })
          .step('two', { ...reserve, as: 'stock' }),
      /step 'two', option 'as': 'stock' is taken/,
    ],
    ...['constructor', 'toString', 'hasOwnProperty', '__proto__'].map(
      (as): [string, () => unknown, RegExp] => [
        `a reply called ${as}, which every object has (P7)`,
        () => order().step('one', { ...reserve, as }),
        /option 'as': .* cannot name a reply/,
      ],
    ),
    ['a reply called input', () => order().step('one', { ...reserve, as: 'input' }), /option 'as'/],
    [
      'a negative interval',
      () => order().step('one', { ...reserve, retry: { initialInterval: -1 } }),
      /step 'one', option 'retry.initialInterval': -1 must lie between/,
    ],
    [
      'an interval that is no duration',
      () => order().step('one', { ...reserve, retry: { initialInterval: unchecked('soon') } }),
      /'retry.initialInterval': "soon" is not a duration/,
    ],
    [
      'a maximum interval below the initial one',
      () => order().step('one', { ...reserve, retry: { initialInterval: '2s', maximumInterval: '1s' } }),
      /'retry.maximumInterval'/,
    ],
    [
      'no attempt at all',
      () => order().step('one', { ...reserve, retry: { maximumAttempts: 0 } }),
      /'retry.maximumAttempts': 0 is not allowed; use a whole number from 1 to 1000000/,
    ],
    [
      'half an attempt',
      () => order().step('one', { ...reserve, retry: { maximumAttempts: 1.5 } }),
      /'retry.maximumAttempts'/,
    ],
    [
      'a shrinking backoff',
      () => order().step('one', { ...reserve, retry: { backoffCoefficient: 0.5 } }),
      /'retry.backoffCoefficient'/,
    ],
    ['too much jitter', () => order().step('one', { ...reserve, retry: { jitter: 2 } }), /'retry.jitter'/],
    [
      'a step after the pivot',
      () => unchecked(order().pivot('pay', reserve)).step('more', reserve),
      /step 'more': after the pivot nothing can be undone: use \.retriable\(\)/,
    ],
    [
      'two pivots',
      () => unchecked(order().pivot('pay', reserve)).pivot('more', reserve),
      /has one pivot.*'pay'/,
    ],
    [
      'a retriable step without a pivot',
      () => unchecked(order()).retriable('more', reserve),
      /follows a pivot/,
    ],
    [
      'a pivot in a branch',
      () =>
        unchecked(order()).branch('way', () => 'a', {
          a: (arm: never) => unchecked(arm).pivot('pay', reserve),
        }),
      /cannot stand in a branch/,
    ],
    [
      'a parallel of one',
      () => order().parallel('both', (arms) => arms.step('one', reserve)),
      /at least two steps/,
    ],
    ['a branch without arms', () => unchecked(order()).branch('way', () => 'a', {}), /at least one arm/],
    [
      'a jump ahead',
      () =>
        unchecked(
          order()
            .step('one', { ...reserve, onRejected: { sold_out: unchecked('two') } })
            .step('two', reserve),
        ).build(),
      /option 'onRejected.sold_out': 'two' lies ahead/,
    ],
    [
      'a jump over the pivot',
      () =>
        order()
          .step('one', reserve)
          .pivot('pay', reserve)
          .retriable('more', { ...reserve, onRejected: { sold_out: unchecked('one') } })
          .build(),
      /lies before the pivot 'pay'/,
    ],
    ['no signals to wait for', () => order().waitFor('wait', { signals: [] }), /option 'signals'/],
    [
      'a sleep that is no duration',
      () => order().sleep('nap', unchecked('soon')),
      /"soon" is not a duration/,
    ],
    [
      'an arm of a branch that gives nothing back',
      () => order().branch('which', () => 'a', { a: unchecked(() => undefined) }),
      /option 'arms.a': must give the arm back/,
    ],
    [
      'no visits at all',
      () => order().step('one', { ...reserve, maximumVisits: 0 }),
      /option 'maximumVisits'/,
    ],
    ['a timeout of 0', () => order().step('one', { ...reserve, timeout: 0 }), /step 'one', option 'timeout'/],
    [
      'a negative timeout of the saga',
      () => saga('order', { version: 1, input: OrderInput, timeout: -5 }).step('one', reserve).build(),
      /saga 'order', option 'timeout'/,
    ],
  ])('%s', (_, define, message) => {
    expect(define).toThrow(DefinitionError);
    expect(define).toThrow(message);
  });
});

describe('a wrong contract throws when it is defined', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'without a participant',
      () => command('reserve', { request: ReserveStockRequest }),
      /<participant>\.<command>/,
    ],
    [
      'in capitals',
      () => command('Stock.reserve', { request: ReserveStockRequest }),
      /command 'Stock.reserve'/,
    ],
    [
      'for the orchestrator itself',
      () => command('saga.start', { request: OrderInput }),
      /orchestrator's own/,
    ],
    ['without a class', () => command('stock.x', { request: unchecked(undefined) }), /option 'request'/],
    [
      'with a malformed code',
      () => command('stock.x', { request: OrderInput, rejections: ['sold out'] }),
      /"sold out" is not a code/,
    ],
  ])('%s', (_, define, message) => {
    expect(define).toThrow(message);
  });
});

describe('the hash of a definition', () => {
  const base = order()
    .step('reserve', { ...reserve, as: 'stock' })
    .build();

  it('is the same for the same structure', () => {
    const again = order()
      .step('reserve', { ...reserve, as: 'stock' })
      .build();
    expect(again.hash).toBe(base.hash);
    expect(base.hash).toMatch(/^[0-9a-f]{16}$/);
  });

  it('does not change with times and payload functions', () => {
    const other = order()
      .step('reserve', {
        send: ReserveStock,
        with: () => ({ item: 'always hats' }),
        as: 'stock',
        timeout: '1s',
        retry: { maximumAttempts: 9 },
      })
      .build();
    expect(other.hash).toBe(base.hash);
  });

  const Reserve2 = command('stock.reserve-2', { request: ReserveStockRequest, reply: StockReserved });
  it.each([
    [
      'a step is renamed',
      order()
        .step('take', { ...reserve, as: 'stock' })
        .build(),
    ],
    [
      'a reply is renamed',
      order()
        .step('reserve', { ...reserve, as: 'goods' })
        .build(),
    ],
    [
      'another command is sent',
      order()
        .step('reserve', { ...reserve, send: Reserve2, as: 'stock' })
        .build(),
    ],
    [
      'an undo is added',
      order()
        .step('reserve', { ...reserve, as: 'stock', undo: reserve })
        .build(),
    ],
    [
      'a step is added',
      order()
        .step('reserve', { ...reserve, as: 'stock' })
        .step('more', reserve)
        .build(),
    ],
  ])('changes when %s', (_, changed) => {
    expect(changed.hash).not.toBe(base.hash);
  });

  it('is the one that running instances were pinned to', () => {
    // If this fails, the algorithm changed: every running instance everywhere would be refused.
    expect(OrderSaga.hash).toBe('55d0472ed468c761');
  });
});
