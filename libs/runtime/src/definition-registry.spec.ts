import { describe, expect, it } from '@jest/globals';
import { type AnySaga, command, DefinitionError, type RetryOptions, saga } from '@skald/core';
import { DefinitionRegistry } from './definition-registry.js';

class Order {
  item!: string;
}
const Reserve = command('stock.reserve', { request: Order });
const Release = command('stock.release', { request: Order });
const inputOf = ({ input }: { input: Order }): Order => input;

function order(retries: { saga?: RetryOptions; step?: RetryOptions; undo?: RetryOptions } = {}): AnySaga {
  const of = (retry: RetryOptions | undefined): { retry?: RetryOptions } => (retry ? { retry } : {});
  return saga('order', { version: 1, input: Order, ...of(retries.saga) })
    .step('reserve', {
      send: Reserve,
      with: inputOf,
      ...of(retries.step),
      undo: { send: Release, with: inputOf, ...of(retries.undo) },
    })
    .build();
}

describe('the longest pause between attempts', () => {
  it('may be short where the first pause, which another level says, is shorter', () => {
    const short = { maximumInterval: '500ms' } as const;
    const initial = { initialInterval: '100ms' } as const;
    expect(() => new DefinitionRegistry().register(order({ saga: initial, step: short }))).not.toThrow();
    expect(() => new DefinitionRegistry().register(order({ saga: { ...initial, ...short } }))).not.toThrow();
    const namespace = new DefinitionRegistry({ retry: { initialIntervalMs: 100 } });
    expect(() => namespace.register(order({ saga: short }))).not.toThrow();
    expect(() => namespace.register(order({ undo: short }))).not.toThrow();
  });

  it('is refused where all levels together make it shorter than the first, with step and option', () => {
    const registry = new DefinitionRegistry();
    expect(() => registry.register(order({ step: { maximumInterval: '500ms' } }))).toThrow(
      "saga 'order', step 'reserve', option 'retry.maximumInterval': 500 ms is shorter than the initial interval of 1000 ms",
    );
    expect(() => registry.register(order({ undo: { maximumInterval: '500ms' } }))).toThrow(
      "step 'reserve', undo, option 'retry.maximumInterval'",
    );
    expect(() =>
      registry.register(order({ saga: { maximumInterval: '5s' }, step: { initialInterval: '6s' } })),
    ).toThrow('5000 ms is shorter than the initial interval of 6000 ms');
    const namespace = new DefinitionRegistry({ retry: { maximumIntervalMs: 5_000 } });
    expect(() => namespace.register(order({ step: { initialInterval: '6s' } }))).toThrow(DefinitionError);
    expect(registry.references()).toEqual([]);
  });

  it('that nobody has said gives way to a first pause that somebody has', () => {
    expect(() => new DefinitionRegistry().register(order({ step: { initialInterval: '5m' } }))).not.toThrow();
  });
});

describe('what a namespace sets for its sagas', () => {
  it.each([
    [{ timeoutMs: 0 }, "option 'timeoutMs': must be longer than 0"],
    [{ timeoutMs: Number.NaN }, "option 'timeoutMs': NaN is not a duration"],
    [{ timeoutMs: -1 }, "option 'timeoutMs': -1 must lie between 0 and 365 days"],
    [{ retry: { maximumAttempts: 0 } }, "option 'retry.maximumAttempts': 0 is not allowed"],
    [
      { retry: { initialIntervalMs: Infinity } },
      "option 'retry.initialInterval': Infinity is not a duration",
    ],
    [{ retry: { jitter: 2 } }, "option 'retry.jitter': 2 is not allowed"],
    [
      { retry: { initialIntervalMs: 2, maximumIntervalMs: 1 } },
      "option 'retry.maximumInterval': 1 ms is shorter",
    ],
  ])('is refused when it is %j', (defaults, text) => {
    expect(() => new DefinitionRegistry(defaults)).toThrow(DefinitionError);
    expect(() => new DefinitionRegistry(defaults)).toThrow(text);
  });
});

describe('what is no saga', () => {
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'circular import'],
    ['null', null, 'this is none'],
    ['one that was not built', saga('a', { version: 1, input: Order }).sleep('b', '1s'), 'this is none'],
  ])('is refused with what to give: %s', (_, given, text) => {
    const register = (): unknown => new DefinitionRegistry().register(given as AnySaga);
    expect(register).toThrow(DefinitionError);
    expect(register).toThrow('each must be what saga()….build() has made');
    expect(register).toThrow(text);
  });
});
