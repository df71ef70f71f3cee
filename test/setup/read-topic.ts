import { Kafka, logLevel } from 'kafkajs';
import { testKafkaBrokers, uniqueName } from './real-services.js';

export interface TopicRecord {
  readonly value: string;
  readonly headers: Record<string, string>;
}

/** Reads a topic from its beginning until a record fits, with a plain Kafka client. */
export async function readTopic(
  topic: string,
  fits: (record: TopicRecord) => boolean,
  timeoutMs = 20_000,
): Promise<TopicRecord> {
  const consumer = new Kafka({ brokers: testKafkaBrokers(), logLevel: logLevel.NOTHING }).consumer({
    groupId: uniqueName('reader'),
    maxWaitTimeInMs: 100,
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  try {
    return await new Promise<TopicRecord>((resolve, reject) => {
      setTimeout(() => reject(new Error(`nothing that fits came on ${topic}`)), timeoutMs).unref();
      void consumer.run({
        eachMessage: async ({ message }) => {
          const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
          const record = { value: String(message.value), headers: Object.fromEntries(headers) };
          if (fits(record)) resolve(record);
        },
      });
    });
  } finally {
    await consumer.disconnect();
  }
}
