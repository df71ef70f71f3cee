import { KafkaTransport } from '@skald/kafka';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { testKafkaBrokers, uniqueName } from '../setup/real-services.js';
import { silence, type TransportHarness, type WireRecord } from './transport-harness.js';

/** Speaks to the broker with plain kafkajs, so that what the transport writes and reads is judged from outside. */
export async function kafkaHarness(): Promise<TransportHarness> {
  const brokers = testKafkaBrokers();
  const kafka = new Kafka({ brokers, clientId: 'transport-contract', logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await Promise.all([admin.connect(), producer.connect()]);

  return {
    start: (options = {}) => {
      const transport = new KafkaTransport({ brokers, clientId: 'transport-test', log: silence, ...options });
      // Gives up confirming when its crash probe never returns.
      return { transport, die: () => transport.close() };
    },
    produceRaw: async (topic, records) => {
      await producer.send({
        topic,
        messages: records.map(({ key = null, value = '', headers = {} }) => ({
          key,
          value,
          headers,
          // kafkajs takes minutes to choose the partition of a large key.
          ...((key?.length ?? 0) > 1_000 && { partition: 0 }),
        })),
      });
    },
    records: async (topic) => {
      const ends = await admin.fetchTopicOffsets(topic);
      const expected = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
      return readAll(kafka, topic, expected);
    },
    close: async () => {
      await Promise.all([admin.disconnect(), producer.disconnect()]);
    },
  };
}

async function readAll(kafka: Kafka, topic: string, expected: number): Promise<WireRecord[]> {
  const records: WireRecord[] = [];
  if (expected === 0) return records;
  const consumer = kafka.consumer({ groupId: uniqueName('reader'), maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ message: { key, value, headers = {} } }) => {
          records.push({
            key: key?.toString() ?? null,
            value: value?.toString() ?? '',
            headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)])),
          });
          if (records.length === expected) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return records;
}
