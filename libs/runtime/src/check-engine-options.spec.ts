import { describe, expect, it } from '@jest/globals';
import { DefinitionError } from '@skald/core';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { DefinitionRegistry } from './definition-registry.js';
import { type EngineOptions, SagaEngine } from './engine.js';

const log = { log: () => undefined, warn: () => undefined, error: () => undefined };

function engineWith(more: Partial<EngineOptions>): SagaEngine {
  return new SagaEngine({
    namespace: 'shop',
    store: new MemoryStore(),
    transport: new MemoryTransport({ broker: new MemoryBroker() }),
    definitions: new DefinitionRegistry(),
    log,
    ...more,
  });
}

describe('an option of the engine', () => {
  it.each(['maximumTurn', 'timerPollMs', 'relayPollMs', 'beatMs'])(
    'is refused with its bounds where it would stop or overrun the process: %s',
    (option) => {
      for (const bad of [0, -1, 1.5, Number.NaN, Infinity, 2 ** 31, '5', null]) {
        expect(() => engineWith({ [option]: bad })).toThrow(DefinitionError);
        expect(() => engineWith({ [option]: bad })).toThrow(`engine, option '${option}': `);
        expect(() => engineWith({ [option]: bad })).toThrow('use a whole number from 1 to ');
      }
      expect(() => engineWith({ [option]: 1 })).not.toThrow();
      expect(() => engineWith({ [option]: undefined })).not.toThrow();
    },
  );

  it('is refused where a process would be taken for gone between two of its signs of life', () => {
    for (const bad of [10_001, 15_000]) {
      expect(() => engineWith({ beatMs: bad })).toThrow(
        `option 'beatMs': ${bad} is not allowed; use a whole number from 1 to 10000`,
      );
    }
    expect(() => engineWith({ beatMs: 10_000 })).not.toThrow();
  });

  it('is refused by its name where there is none of that name, or where it says nothing that is known', () => {
    const misspelt: object = { maximumTurns: 10 };
    expect(() => engineWith(misspelt)).toThrow(
      "engine, option 'maximumTurns': there is no such option here; there are namespace, ",
    );
    const odd: object = { lifecycleEvents: 'some' };
    expect(() => engineWith(odd)).toThrow("option 'lifecycleEvents': use 'all' or 'whole'");
  });

  it.each(['relayAfterMs', 'retentionMs', 'traceRetentionMs'])(
    'is refused where no time is so far from now: %s',
    (option) => {
      for (const bad of [-1, 0.5, Number.NaN, Infinity, 1e15]) {
        expect(() => engineWith({ [option]: bad })).toThrow(`option '${option}': ${bad} is not allowed`);
      }
      expect(() => engineWith({ [option]: 0 })).not.toThrow();
    },
  );
});
