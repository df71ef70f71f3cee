import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { command, type Message, replyMessage, saga, topics } from '@skald/core';
import { KafkaTransport } from '@skald/kafka';
import { MemoryStore } from '@skald/memory';
import type { Consumer } from '@skald/ports';
import { DefinitionRegistry, SagaEngine } from '@skald/runtime';
import { IsString } from 'class-validator';
import { testKafkaBrokers, uniqueName } from '../setup/real-services.js';

class Order {
  @IsString()
  item!: string;
}
const Reserve = command('stock.reserve', { request: Order });
const OrderSaga = saga('order', { version: 1, input: Order })
  .step('reserve', {
    send: Reserve,
    with: ({ input }: { input: Order }): Order => input,
    timeout: '1s',
    retry: { maximumAttempts: 2, initialInterval: '100ms' },
  })
  .build();

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
const TIMEOUT_MS = 1_000;

describe('on Kafka, a timeout', () => {
  let namespace: string;
  let store: MemoryStore;
  let commands: Message[];
  const closing: (() => Promise<void>)[] = [];

  beforeEach(() => {
    namespace = uniqueName('backlog');
    store = new MemoryStore();
    commands = [];
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  function transport(): KafkaTransport {
    const made = new KafkaTransport({ brokers: testKafkaBrokers(), clientId: namespace, log: SILENT });
    closing.push(() => made.close());
    return made;
  }

  async function startEngine(): Promise<SagaEngine> {
    const definitions = new DefinitionRegistry();
    definitions.register(OrderSaga);
    const engine = new SagaEngine({ namespace, store, transport: transport(), definitions, log: SILENT });
    await engine.start();
    closing.push(() => engine.stop());
    return engine;
  }

  async function startStock(): Promise<Consumer> {
    const own = transport();
    await own.ensureTopics([topics.commands(namespace, 'stock'), topics.replies(namespace)]);
    return own.consume({
      group: `${namespace}.stock`,
      topics: [topics.commands(namespace, 'stock')],
      from: 'beginning',
      maximumBatch: 100,
      handle: async (batch) => {
        commands.push(...batch.map(({ message }) => message));
        const yes = { kind: 'succeeded', data: null } as const;
        await own.send(batch.map(({ message }) => replyMessage(message, yes, '/stock')));
        return [];
      },
    });
  }

  async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
    while (!(await holds())) await sleep(50);
  }

  const order = (engine: SagaEngine, id: string): Promise<unknown> =>
    engine.startSaga({ definition: 'order', id, input: { item: 'hat' } });
  const statusOf = async (engine: SagaEngine, id: string): Promise<string | undefined> =>
    (await engine.find(id))?.status;

  it('does not beat a reply that came while no orchestrator was there (K5)', async () => {
    const first = await startEngine();
    await order(first, 'o-1');
    await first.stop();
    const stock = await startStock();
    await until(() => commands.length === 1);
    await stock.stop();
    // Everything is overdue by now: the first attempt, and what would come after it.
    await sleep(3 * TIMEOUT_MS);

    const second = await startEngine();
    await until(async () => (await statusOf(second, 'o-1')) !== 'running');
    expect(await statusOf(second, 'o-1')).toBe('completed');
    expect((await second.history('o-1')).map(({ cause }) => cause.kind)).toEqual(['started', 'reply']);
  });

  it('does not count, and sends nothing again, while the participant is down', async () => {
    const engine = await startEngine();
    const stock = await startStock();
    await order(engine, 'before');
    await until(async () => (await statusOf(engine, 'before')) === 'completed');
    await stock.stop();

    await order(engine, 'o-1');
    await until(async () => (await engine.history('o-1')).length === 2);
    await sleep(5 * TIMEOUT_MS);
    expect((await engine.history('o-1')).at(-1)?.effects).toMatchObject([{ kind: 'queued', attempt: 1 }]);

    await startStock();
    await until(async () => (await statusOf(engine, 'o-1')) !== 'running');
    expect(await statusOf(engine, 'o-1')).toBe('completed');
    expect(commands.map(({ sagaid, attempt }) => `${sagaid} #${attempt}`)).toEqual(['before #1', 'o-1 #1']);
  });
});
