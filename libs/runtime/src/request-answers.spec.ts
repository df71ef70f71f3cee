import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Message, readMessage, saga, signal, topics } from '@skald/core';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { VirtualClock } from '@skald/testing';
import { IsInt } from 'class-validator';
import { DefinitionRegistry } from './definition-registry.js';
import { type EngineOptions, SagaEngine } from './engine.js';

class Order {
  @IsInt()
  amount!: number;
}
class Paid {
  @IsInt()
  amount!: number;
}
const OrderSaga = saga('order', { version: 1, input: Order })
  .waitFor('payment', { signals: [signal('paid', { data: Paid })] })
  .build();
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

describe('a request that asks for an answer', () => {
  let broker: MemoryBroker;
  let store: MemoryStore;
  let clock: VirtualClock;
  const engines: SagaEngine[] = [];
  const transports: MemoryTransport[] = [];

  async function runEngine(overrides: Partial<EngineOptions> = {}): Promise<void> {
    const transport = new MemoryTransport({ broker, clock });
    const definitions = new DefinitionRegistry();
    definitions.register(OrderSaga);
    const around = { namespace: 'shop', store, transport, definitions, clock, log: SILENT };
    const engine = new SagaEngine({ ...around, ...overrides });
    await engine.start();
    engines.push(engine);
    transports.push(transport);
  }

  beforeEach(() => {
    broker = new MemoryBroker();
    store = new MemoryStore();
    clock = new VirtualClock();
  });
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.stop();
    for (const transport of transports.splice(0)) await transport.close();
  });

  async function ask(id: string, type: string, data: object): Promise<void> {
    const message = { specversion: '1.0', id, source: '/test', type, namespace: 'shop', sagaid: 'o-1', data };
    broker.append([{ topic: topics.requests('shop'), key: 'o-1', value: JSON.stringify(message) }]);
    await clock.advance(100);
  }
  const start = (id: string, amount = 1, more: object = { answer: true }): Promise<void> =>
    ask(id, 'skald.saga.start', { definition: 'order', input: { amount }, ...more });
  const events = (): Message[] =>
    broker.messages(topics.events('shop')).map(({ value }): Message => JSON.parse(value));
  const answersTo = (id: string): Partial<Message>[] =>
    events().flatMap(({ requestid, type, data }) => (requestid === id ? [{ type, data }] : []));

  it.each(['all', 'whole'] as const)(
    'tells who started a saga that it has started, where %s events are published',
    async (lifecycleEvents) => {
      await runEngine({ lifecycleEvents });
      await start('start 1/é.');
      expect(answersTo('start 1/é.')).toEqual([{ type: 'skald.saga.started', data: {} }]);
      expect(events()).toHaveLength(1);
    },
  );

  it('is answered after a crash between the commit and the answer', async () => {
    // A crash is an await that never comes back.
    await runEngine({
      crashProbe: (point) =>
        point === 'after commit' ? new Promise<void>(() => undefined) : Promise.resolve(),
    });
    await start('start 1');
    engines.splice(0);
    for (const dead of transports.splice(0)) dead.abandon();
    await runEngine();
    await clock.advance(20_000);
    expect(answersTo('start 1').map(({ type }) => type)).toContain('skald.saga.started');
  });

  it('is told how the saga stands when it had been started before', async () => {
    await runEngine();
    await start('start 1');
    await start('start 2');
    const stands = { status: 'running', definition: 'order', version: 1 };
    expect(answersTo('start 2')).toEqual([{ type: 'skald.request.answered', data: { answer: stands } }]);
  });

  it('is told when its start is refused', async () => {
    await runEngine();
    await start('start 1');
    await start('start 2', 5);
    expect(answersTo('start 2')).toMatchObject([
      { type: 'skald.request.refused', data: { code: 'saga_exists' } },
    ]);
  });

  it('is told when its signal was taken, and when a copy of it changed nothing', async () => {
    await runEngine();
    await start('start 1');
    const paid = { signal: 'paid', data: { amount: 1 }, answer: true };
    await ask('signal 1', 'skald.saga.signal', paid);
    await ask('signal 1', 'skald.saga.signal', paid);
    const answered = { type: 'skald.request.answered', data: { answer: null } };
    expect(answersTo('signal 1')).toEqual([answered, answered]);
    await ask('signal 2', 'skald.saga.signal', paid);
    expect(answersTo('signal 2')).toMatchObject([{ data: { code: 'ended' } }]);
  });

  it('is granted again when a copy of its cancel comes, and another cancel is refused', async () => {
    await runEngine();
    await start('start 1');
    for (const id of ['cancel 1', 'cancel 1', 'cancel 2'])
      await ask(id, 'skald.saga.cancel', { reason: 'x' });
    const granted = { type: 'skald.request.answered', data: { answer: { status: 'compensated' } } };
    expect(answersTo('cancel 1')).toMatchObject([granted, granted]);
    expect(answersTo('cancel 2')).toMatchObject([{ type: 'skald.request.refused', data: { code: 'ended' } }]);
  });

  it.each([
    ['of 3,000 characters', 'x'.repeat(3_000)],
    ['that is long when percent-encoded', '漢'.repeat(200)],
  ])('is answered with events that every reader takes, when it has an id %s', async (_, id) => {
    await runEngine({ lifecycleEvents: 'whole' });
    await start(id);
    await start(id);
    await ask(id, 'skald.saga.get', {});
    const answer = { status: 'running', definition: 'order', version: 1 };
    const answered = { type: 'skald.request.answered', data: { answer } };
    expect(answersTo(id)).toEqual([answered, answered, answered]);
    expect(events().map((event) => readMessage(event).requestid)).toEqual([id, id, id]);
    expect(new Set(events().map((event) => event.id)).size).toBe(1);
  });

  it('costs nobody a message who does not ask', async () => {
    await runEngine({ lifecycleEvents: 'whole' });
    await start('start 1', 1, {});
    await start('start 2', 1, { answer: false });
    await ask('signal 1', 'skald.saga.signal', { signal: 'paid', data: { amount: 1 } });
    expect(events().map(({ type }) => type)).toEqual(['skald.saga.completed']);
  });

  it('says with true or false whether it asks', async () => {
    await runEngine();
    await start('start 1', 1, { answer: 'yes' });
    expect(broker.messages(topics.deadLetters(topics.requests('shop')))).toMatchObject([
      { headers: { 'dlq-code': 'malformed_request' } },
    ]);
  });
});
