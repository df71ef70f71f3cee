import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { command, saga, topics } from '@skald/core';
import { KafkaTransport } from '@skald/kafka';
import { MemoryStore } from '@skald/memory';
import { DefinitionRegistry, SagaEngine } from '@skald/runtime';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { testKafkaBrokers, uniqueName } from '../setup/real-services.js';

class Any {
  item?: string;
}
const OrderSaga = saga('order', { version: 1, input: Any })
  .step('reserve', {
    send: command('stock.reserve', { request: Any }),
    with: () => ({}),
    timeout: '1s',
    retry: { maximumAttempts: 1 },
  })
  .build();
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

describe('a participant that reads all that there is and answers nobody', () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  it.each([
    ['nothing', false],
    ["the mark of somebody's aborted transaction", true],
  ])(
    'is silent, with %s behind the command: the saga does not wait for ever',
    async (_, marked) => {
      const brokers = testKafkaBrokers();
      const namespace = uniqueName('marker');
      const transport = (): KafkaTransport => {
        const made = new KafkaTransport({ brokers, clientId: namespace, log: SILENT, partitions: 1 });
        closing.push(() => made.close());
        return made;
      };
      const definitions = new DefinitionRegistry();
      definitions.register(OrderSaga);
      const commands = topics.commands(namespace, 'stock');
      const stock = transport();
      await stock.ensureTopics([commands]);
      let heard: () => void = () => undefined;
      const read = new Promise<void>((resolve) => {
        heard = resolve;
      });
      await stock.consume({
        group: `${namespace}.stock`,
        topics: [commands],
        from: 'beginning',
        maximumBatch: 100,
        handle: async () => {
          heard();
          return [];
        },
      });
      const engine = new SagaEngine({
        namespace,
        store: new MemoryStore(),
        transport: transport(),
        definitions,
        log: SILENT,
      });
      await engine.start();
      closing.push(() => engine.stop());
      await engine.startSaga({ definition: 'order', id: 'o-1', input: {} });
      await read;
      if (marked) {
        const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer({
          createPartitioner: Partitioners.DefaultPartitioner,
          transactionalId: uniqueName('sender'),
          idempotent: true,
          maxInFlightRequests: 1,
        });
        await producer.connect();
        closing.push(() => producer.disconnect());
        const transaction = await producer.transaction();
        await transaction.send({ topic: commands, messages: [{ key: 'x', value: '{}' }] });
        await transaction.abort();
      }
      let status = 'running';
      for (let tries = 0; tries < 100 && status === 'running'; tries += 1) {
        await sleep(200);
        status = (await engine.find('o-1'))?.status ?? '';
      }
      expect(status).toBe('compensated');
    },
    90_000,
  );
});
