import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { childId, incarnationOf, saga, signal } from '@skald/core';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { VirtualClock } from '@skald/testing';
import { DefinitionRegistry } from './definition-registry.js';
import { SagaEngine } from './engine.js';

class Data {
  note?: string;
}
const Go = signal('go', { data: Data });
const Child = saga('child', { version: 1, input: Data })
  .waitFor('go', { signals: [Go] })
  .build();
const Parent = saga('parent', { version: 1, input: Data })
  .child('run child', { saga: Child, with: () => ({}) })
  .sleep('think', '10s')
  .build();
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
const VISIT = { step: 'run child', visit: 1 };
const NOTE = { actor: 'ada', reason: 'a test' };

describe('a child saga', () => {
  let clock: VirtualClock;
  let transport: MemoryTransport;
  let engine: SagaEngine;

  beforeEach(async () => {
    clock = new VirtualClock();
    transport = new MemoryTransport({ broker: new MemoryBroker(), clock });
    const definitions = new DefinitionRegistry();
    for (const definition of [Child, Parent]) definitions.register(definition);
    engine = new SagaEngine({
      namespace: 'shop',
      store: new MemoryStore(),
      transport,
      definitions,
      clock,
      random: () => 0.5,
      log: SILENT,
    });
    await engine.start();
  });
  afterEach(async () => {
    await engine.stop();
    await transport.close();
  });

  const status = async (id: string): Promise<string | undefined> => (await engine.find(id))?.status;
  /** The id that the child of a parent will have which begins now. */
  const childOfNow = (id: string): string =>
    childId({ id, incarnation: incarnationOf({ at: clock.now(), random: 0.5 }) }, VISIT);

  it('is another one in a later life of its parent', async () => {
    const { instance: first } = await engine.startSaga({ definition: 'parent', id: 'p', input: {} });
    await clock.advance(100);
    await engine.signal(childId(first, VISIT), 'm', 'go', {});
    await clock.advance(15_000);
    expect(await status('p')).toBe('completed');
    await engine.operate('p', { kind: 'remove' }, NOTE);

    const { instance: second } = await engine.startSaga({ definition: 'parent', id: 'p', input: {} });
    await clock.advance(100);
    expect(childId(second, VISIT)).not.toBe(childId(first, VISIT));
    expect(await status(childId(second, VISIT))).toBe('running');
    await engine.signal(childId(second, VISIT), 'm', 'go', {});
    await clock.advance(15_000);
    expect(await status('p')).toBe('completed');
  });

  it('whose id somebody else has taken is not run: its parent is told no, and turns back', async () => {
    const child = childOfNow('p');
    await engine.startSaga({ definition: 'child', id: child, input: {} });
    await engine.startSaga({ definition: 'parent', id: 'p', input: {} });
    await clock.advance(100);
    expect(await engine.find('p')).toMatchObject({
      status: 'compensated',
      failure: { step: 'run child', outcome: 'rejected', code: 'saga_exists' },
    });
    expect(await engine.find(child)).not.toHaveProperty('parent');
    expect(await status(child)).toBe('running');
  });

  it('that says no turns its parent back: there is nothing that an operator could have tried again', async () => {
    const { instance } = await engine.startSaga({ definition: 'parent', id: 'p', input: {} });
    await clock.advance(100);
    await engine.cancel(childId(instance, VISIT), 'no');
    await clock.advance(100);
    expect(await engine.find('p')).toMatchObject({
      status: 'compensated',
      failure: { step: 'run child', outcome: 'rejected' },
    });
    const retry = engine.operate('p', { kind: 'retry' }, NOTE);
    await expect(retry).rejects.toMatchObject({ code: 'ended' });
  });

  it('is not given to somebody who starts a saga of the same id', async () => {
    const { instance } = await engine.startSaga({ definition: 'parent', id: 'p', input: {} });
    await clock.advance(100);
    const id = childId(instance, VISIT);
    expect(await status(id)).toBe('running');
    const start = engine.startSaga({ definition: 'child', id, input: {} });
    await expect(start).rejects.toMatchObject({ code: 'saga_exists' });
  });
});
