import { afterEach, describe, expect, it } from '@jest/globals';
import { childId, saga } from '@skald/core';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { VirtualClock } from '@skald/testing';
import { DefinitionRegistry } from './definition-registry.js';
import { SagaEngine } from './engine.js';

class Data {
  note?: string;
}
const Child = saga('child', { version: 1, input: Data }).sleep('work', '1s').build();
const Parent = saga('parent', { version: 1, input: Data })
  .child('run child', { saga: Child, with: () => ({}) })
  .sleep('think', '10m')
  .build();
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

describe('the retention of ended sagas', () => {
  const clock = new VirtualClock();
  const transport = new MemoryTransport({ broker: new MemoryBroker(), clock });
  const definitions = new DefinitionRegistry();
  for (const definition of [Child, Parent]) definitions.register(definition);
  const engine = new SagaEngine({
    namespace: 'shop',
    store: new MemoryStore(),
    transport,
    definitions,
    clock,
    random: () => 0.5,
    log: SILENT,
    retentionMs: 60_000,
    timerPollMs: 20_000,
    relayPollMs: 20_000,
  });

  afterEach(async () => {
    await engine.stop();
    await transport.close();
  });

  it('keeps a child saga as long as its parent, which may still compensate it', async () => {
    await engine.start();
    const { instance } = await engine.startSaga({ definition: 'parent', id: 'p-1', input: {} });
    const child = childId(instance, { step: 'run child', visit: 1 });
    await clock.advance(300_000);
    expect(await engine.find(child)).toMatchObject({ status: 'completed' });
    await engine.cancel('p-1', 'a test');
    await clock.advance(30_000);
    expect((await engine.find('p-1'))?.status).toBe('compensated');
    expect((await engine.find(child))?.status).toBe('compensated');

    await clock.advance(300_000);
    expect(await engine.find('p-1')).toBeUndefined();
    expect(await engine.find(child)).toBeUndefined();
  });
});
