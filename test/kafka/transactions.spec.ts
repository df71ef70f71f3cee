import { afterEach, describe, expect, it } from '@jest/globals';
import { KafkaTransport } from '@skald/kafka';
import { CompressionTypes, Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { messageOf, messagesOf, Recorder, send, silence } from '../contracts/transport-harness.js';
import { testKafkaBrokers, uniqueName } from '../setup/real-services.js';

/* Participants in other languages may send their replies in Kafka's transactions. */
describe('messages that were sent in transactions', () => {
  const brokers = testKafkaBrokers();
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  async function sender(): Promise<Producer> {
    const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      transactionalId: uniqueName('sender'),
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    closers.push(() => producer.disconnect());
    return producer;
  }

  it.each([
    ['as they are', CompressionTypes.None],
    ['compressed', CompressionTypes.GZIP],
  ])('count when they were committed, and only then: %s', async (_how, compression) => {
    const topic = uniqueName('topic');
    const transport = new KafkaTransport({ brokers, clientId: 'transactions', log: silence });
    closers.push(() => transport.close());
    await transport.ensureTopics([topic]);
    const producer = await sender();
    const write = async (from: number, end: 'commit' | 'abort'): Promise<void> => {
      const transaction = await producer.transaction();
      const messages = messagesOf(6, 2, from).map((message) => ({
        key: message.sagaid,
        value: JSON.stringify(message),
      }));
      await transaction.send({ topic, compression, messages });
      await transaction[end]();
    };
    await write(0, 'commit');
    await write(2, 'abort');
    await write(4, 'commit');
    await write(6, 'abort');
    const received = new Recorder();
    const consumer = await transport.consume(received.options(topic));
    await received.untilCount(24);
    await send(transport, topic, [messageOf('last', 1)]);
    await received.untilCount(25);
    await consumer.stop();

    const committed = [...messagesOf(6, 2, 0), ...messagesOf(6, 2, 4), messageOf('last', 1)];
    expect(received.ids.toSorted()).toEqual(committed.map(({ id }) => id).toSorted());
  });
});
