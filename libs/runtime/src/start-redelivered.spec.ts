import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { command, type Message, replyMessage, RequestType, saga, topics } from '@skald/core';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { VirtualClock } from '@skald/testing';
import { DefinitionRegistry } from './definition-registry.js';
import { SagaEngine } from './engine.js';
import type { EngineOptions } from './index.js';

class Order {
  item?: string;
}
const OrderSaga = saga('order', { version: 1, input: Order })
  .step('pay', { send: command('stock.pay', { request: Order }), with: () => ({}) })
  .build();

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
const START: Message = {
  specversion: '1.0',
  id: 'request-1',
  source: '/shop/web',
  type: RequestType.start,
  namespace: 'shop',
  sagaid: 'o-1',
  data: { definition: 'order', input: { item: 'hat' }, answer: true },
};

describe('one start that is delivered again after its saga was removed', () => {
  let broker: MemoryBroker;
  let clock: VirtualClock;
  let engine: SagaEngine;
  let store: MemoryStore;
  let transport: MemoryTransport;
  /** Ids of commands that were carried out, by a participant that forgets none. */
  let paid: Set<string>;

  async function startEngine(options: Partial<EngineOptions> = {}): Promise<void> {
    const definitions = new DefinitionRegistry();
    definitions.register(OrderSaga);
    store = new MemoryStore({ now: () => clock.now() });
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
  }

  beforeEach(async () => {
    paid = new Set();
    broker = new MemoryBroker({ partitions: 1 });
    clock = new VirtualClock();
    transport = new MemoryTransport({ broker, clock });
    const commands = topics.commands('shop', 'stock');
    await transport.ensureTopics([commands, topics.replies('shop')]);
    await transport.consume({
      group: 'shop.stock',
      topics: [commands],
      from: 'beginning',
      maximumBatch: 10,
      handle: async (batch) => {
        for (const { message } of batch) paid.add(message.id);
        const done = { kind: 'succeeded', data: null } as const;
        await transport.send(batch.map(({ message }) => replyMessage(message, done, '/shop/stock')));
        return [];
      },
    });
  });
  afterEach(async () => {
    await engine.stop();
    transport.abandon();
  });

  async function send(fields: Partial<Message> = {}): Promise<void> {
    await transport.send([{ topic: topics.requests('shop'), message: { ...START, ...fields } }]);
    await clock.advance(1_000);
  }
  const remove = (): Promise<unknown> =>
    engine.operate('o-1', { kind: 'remove' }, { actor: 'ada', reason: 'tidy' });
  const answers = (): object[] =>
    broker
      .messages(topics.events('shop'))
      .map(({ value }): { requestid?: string; type: string; data: object } => JSON.parse(value))
      .filter(({ requestid, type }) => requestid !== undefined && type !== 'skald.saga.started');

  it('takes effect once where retention has removed the saga', async () => {
    await startEngine({ retentionMs: 5_000 });
    await send();
    await clock.advance(20_000);
    expect(await engine.find('o-1')).toBeUndefined();

    await send();
    await clock.advance(20_000);
    expect(paid.size).toBe(1);
  });

  it('takes effect once where an operator has removed the saga, and who waits is told so', async () => {
    await startEngine();
    await send();
    await remove();

    await send();
    expect(paid.size).toBe(1);
    expect(await engine.find('o-1')).toBeUndefined();
    expect(answers()).toMatchObject([
      { requestid: 'request-1', type: 'skald.request.refused', data: { code: 'saga_removed' } },
    ]);
    expect(broker.messages(topics.deadLetters(topics.requests('shop')))).toEqual([]);
  });

  it('holds up nothing of its batch, where other starts are new', async () => {
    await startEngine();
    await send();
    await remove();

    const again = ['o-1', 'o-2', 'o-3'].map((sagaid) => ({
      topic: topics.requests('shop'),
      message: { ...START, sagaid },
    }));
    await transport.send(again);
    await clock.advance(1_000);
    expect(paid.size).toBe(3);
  });

  it('is known again though its id is long', async () => {
    await startEngine();
    const id = 'r'.repeat(3_000);
    await send({ id });
    await remove();
    await send({ id });
    expect(paid.size).toBe(1);
  });

  it('does not keep another request from using the id again', async () => {
    await startEngine();
    await send();
    await remove();
    await send({ id: 'request-2' });
    expect(paid.size).toBe(2);
    await remove();

    await send();
    await send({ id: 'request-2' });
    expect(paid.size).toBe(2);
  });

  it('takes effect once where it comes from inside the process with its message id', async () => {
    await startEngine();
    const start = (messageId: string): Promise<unknown> =>
      engine.startSaga({ definition: 'order', id: 'o-1', input: {}, messageId });
    await start('m-1');
    await clock.advance(1_000);
    await remove();

    await expect(start('m-1')).rejects.toMatchObject({ code: 'saga_removed' });
    await start('m-2');
    await clock.advance(1_000);
    expect(paid.size).toBe(2);
  });

  it('is known as long as the trace of its saga is kept', async () => {
    await startEngine();
    await send();
    await remove();
    await store.transact((turn) => turn.dropTraces('shop', clock.now() + 366 * 86_400_000, 10));

    await send();
    expect(paid.size).toBe(2);
  });
});
