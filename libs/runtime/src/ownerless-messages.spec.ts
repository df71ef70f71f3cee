import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { saga, signal } from '@skald/core';
import { MemoryStore } from '@skald/memory';
import { VirtualClock } from '@skald/testing';
import { IsOptional } from 'class-validator';
import { DefinitionRegistry } from './definition-registry.js';
import { LiveDefinitions } from './live-definitions.js';
import { OwnerlessMessages } from './ownerless-messages.js';

class Nothing {
  @IsOptional()
  x?: string;
}
const Go = signal('go', { data: Nothing });
const OrderSaga = saga('order', { version: 1, input: Nothing })
  .waitFor('go', { signals: [Go] })
  .build();

describe('messages that are kept for a definition which no live process knows', () => {
  let clock: VirtualClock;
  let store: MemoryStore;
  let lines: string[];
  let live: LiveDefinitions;
  let ownerless: OwnerlessMessages;

  beforeEach(async () => {
    clock = new VirtualClock();
    store = new MemoryStore({ now: () => clock.now() });
    lines = [];
    const write = (line: string): void => void lines.push(line);
    const definitions = new DefinitionRegistry();
    definitions.register(OrderSaga);
    const around = { namespace: 'shop', store, log: { log: write, warn: write, error: write } };
    live = new LiveDefinitions({
      ...around,
      definitions,
      label: '',
      beatMs: 2_000,
      clock,
      onChanged: () => undefined,
    });
    ownerless = new OwnerlessMessages({ ...around, live });
    await live.beat();
  });
  afterEach(() => live.leave());

  const keep = (definition: string, id: string): void => {
    const message = {
      specversion: '1.0',
      id,
      source: '/t',
      type: 'skald.saga.signal',
      namespace: 'shop',
    } as const;
    store.processes.keep('shop', definition, { ...message, sagaid: 'o', data: {} }, false);
  };

  it('are warned of, with their number and the age of the oldest, and again when there are more', async () => {
    keep('order@2', 'm-1');
    await clock.advance(60_000);
    keep('order@2', 'm-2');
    await ownerless.warn();
    expect(lines).toEqual([
      "2 message(s) wait for a process that knows 'order@2', the oldest for 60 s; none that lives does: start one that has it",
    ]);
    await ownerless.warn();
    expect(lines).toHaveLength(1);
    expect(ownerless.warnings()).toEqual(lines);
    keep('order@2', 'm-3');
    await ownerless.warn();
    expect(lines.at(-1)).toMatch(/^3 message\(s\) wait/);
    expect(await ownerless.list()).toEqual([{ definition: 'order@2', count: 3, oldestMs: 60_000 }]);
  });

  it('are no longer when a process comes that knows it', async () => {
    keep('order@2', 'm-1');
    await store.processes.beat('shop', {
      id: 'green',
      label: '',
      definitions: [{ definition: 'order@2', hash: 'abc' }],
    });
    await live.beat();
    await clock.advance(10_000);
    expect(await ownerless.list()).toEqual([]);
  });

  it('are not those that this process is about to take up', async () => {
    keep('order@1', 'm-1');
    keep(`order@1#${OrderSaga.hash}`, 'm-2');
    keep('order@1#of-another-build', 'm-3');
    await clock.advance(60_000);
    await ownerless.warn();
    expect(lines).toEqual([
      expect.stringMatching(/^1 message\(s\) wait for a process that knows 'order@1#of-another-build'/),
    ]);
  });
});
