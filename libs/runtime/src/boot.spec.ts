import { type Store, StoreNotSetUpError, StoreUnavailableError, StoreUnusableError } from '@skald/ports';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { VirtualClock } from '@skald/testing';
import { DefinitionRegistry } from './definition-registry.js';
import { SagaEngine } from './engine.js';

/** Where the store is asked for something before an engine takes messages. */
const STEPS = ['the check of the store', 'the note that the process lives'] as const;

describe('an engine that boots', () => {
  const clock = new VirtualClock();
  let lines: string[] = [];
  let transport: MemoryTransport | undefined;
  let engine: SagaEngine | undefined;
  afterEach(async () => {
    await engine?.stop();
    await transport?.close();
    lines = [];
  });

  /** @param failure called at the step, throws what the store throws */
  function boot(step: (typeof STEPS)[number], failure: () => void): Promise<void> {
    const store: Store = new MemoryStore();
    const beat = store.processes.beat.bind(store.processes);
    if (step === 'the check of the store') {
      store.check = () => {
        failure();
        return Promise.resolve([]);
      };
    } else {
      store.processes.beat = (...given) => {
        failure();
        return beat(...given);
      };
    }
    transport = new MemoryTransport({ broker: new MemoryBroker(), clock });
    const write = (line: string): void => void lines.push(line);
    engine = new SagaEngine({
      namespace: 'shop',
      store,
      transport,
      definitions: new DefinitionRegistry(),
      clock,
      log: { log: write, warn: write, error: write },
    });
    return engine.start();
  }

  it.each(STEPS)('waits for as long as the store is away, and says so once: %s', async (step) => {
    let isAway = true;
    const booting = boot(step, () => {
      if (isAway) throw new StoreUnavailableError('nobody answers');
    });

    await clock.advance(600_000);
    expect(engine?.isReady()).toBe(false);
    expect(lines).toEqual(['the store does not answer and is waited for: nobody answers']);

    isAway = false;
    await clock.advance(5_000);
    await booting;
    expect(engine?.isReady()).toBe(true);
    expect(lines.slice(1)).toEqual(['the store answers']);
  });

  it.each(
    STEPS.flatMap((step) => [
      [step, new StoreNotSetUpError('the tables are missing')] as const,
      [step, new StoreUnusableError('a pooler')] as const,
    ]),
  )('ends at once with what waiting does not mend: %s, %s', async (step, error) => {
    const booting = boot(step, () => {
      throw error;
    });
    await expect(booting).rejects.toBe(error);
  });

  it('waits no longer when it is stopped', async () => {
    const error = new StoreUnavailableError('nobody answers');
    const booting = boot('the check of the store', () => {
      throw error;
    });
    const ended = expect(booting).rejects.toBe(error);
    await engine?.stop();
    await clock.advance(5_000);
    await ended;
  });
});
