import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { saga, signal } from '@skald/core';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { VirtualClock } from '@skald/testing';
import { IsString } from 'class-validator';
import { DefinitionRegistry } from './definition-registry.js';
import { SagaEngine } from './engine.js';
import type { EngineOptions } from './index.js';

class Order {
  @IsString()
  item!: string;
}
const Go = signal('go', { data: Order });
const OrderSaga = saga('order', { version: 1, input: Order })
  .waitFor('go', { signals: [Go] })
  .build();

const DAY_MS = 86_400_000;
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

describe('an instance that is removed', () => {
  let clock: VirtualClock;
  let engine: SagaEngine;

  beforeEach(() => {
    clock = new VirtualClock();
  });
  afterEach(() => engine.stop());

  async function startEngine(options: Partial<EngineOptions> = {}): Promise<void> {
    const definitions = new DefinitionRegistry();
    definitions.register(OrderSaga);
    const transport = new MemoryTransport({ broker: new MemoryBroker(), clock });
    const store = new MemoryStore();
    engine = new SagaEngine({
      namespace: 'shop',
      store,
      transport,
      definitions,
      clock,
      log: SILENT,
      ...options,
    });
    await engine.start();
    await engine.startSaga({ definition: 'order', id: 'o-1', input: { item: 'hat' } });
    await engine.signal('o-1', 'm-1', 'go', { item: 'hat' });
  }

  it('leaves who removed it, when and why', async () => {
    await startEngine();
    await engine.operate('o-1', { kind: 'remove' }, { actor: 'ada', reason: 'the customer asked for it' });

    expect(await engine.find('o-1')).toBeUndefined();
    expect(await engine.removed('o-1')).toEqual([
      {
        namespace: 'shop',
        id: 'o-1',
        incarnation: expect.any(String),
        definition: 'order@1',
        status: 'completed',
        removedAt: clock.now(),
        actor: 'ada',
        reason: 'the customer asked for it',
        keptUntil: clock.now() + 365 * DAY_MS,
      },
    ]);
  });

  it('by retention leaves a trace that says so, for a month', async () => {
    await startEngine({ retentionMs: 10_000 });
    await clock.advance(60_000);

    const [trace] = await engine.removed('o-1');
    expect(trace).toMatchObject({ actor: 'retention', status: 'completed' });
    expect((trace?.keptUntil ?? 0) - (trace?.removedAt ?? 0)).toBe(30 * DAY_MS);
  });

  it('by retention leaves a trace for less than a month where all traces are kept for less', async () => {
    await startEngine({ retentionMs: 10_000, traceRetentionMs: DAY_MS });
    await clock.advance(60_000);

    const [trace] = await engine.removed('o-1');
    expect((trace?.keptUntil ?? 0) - (trace?.removedAt ?? 0)).toBe(DAY_MS);
  });

  it('leaves no trace for ever', async () => {
    await startEngine({
      traceRetentionMs: 90 * 60_000,
      timerPollMs: 3_600_000,
      relayPollMs: 3_600_000,
      beatMs: 10_000,
    });
    await engine.operate('o-1', { kind: 'remove' }, { actor: 'ada', reason: 'x'.repeat(10_000) });
    expect((await engine.removed('o-1')).map(({ reason }) => reason.length)).toEqual([1_000]);

    await clock.advance(3 * 3_600_000);
    expect(await engine.removed('o-1')).toEqual([]);
  });
});
