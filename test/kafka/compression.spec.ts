import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@skald/core';
import { type Compression, KafkaTransport } from '@skald/kafka';
import { type Admin, CompressionTypes, Kafka, logLevel } from 'kafkajs';
import { kafkaHarness } from '../contracts/kafka-harness.js';
import {
  eventually,
  idsOf,
  messageOf,
  messagesOf,
  Recorder,
  send,
  silence,
} from '../contracts/transport-harness.js';
import { testKafkaBrokers, uniqueName } from '../setup/real-services.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const hasZstd = major > 22 || (major === 22 && minor >= 15);

/* A broker compresses what is in a topic as the topic's compression.type says: with Java's libraries, which are none of ours. */
describe('compressed messages', () => {
  const kafka = new Kafka({ brokers: testKafkaBrokers(), logLevel: logLevel.NOTHING });
  let admin: Admin;
  const started: KafkaTransport[] = [];
  beforeAll(async () => {
    admin = kafka.admin();
    await admin.connect();
  });
  afterEach(() => Promise.all(started.splice(0).map((transport) => transport.close())));
  afterAll(() => admin.disconnect());

  function start(compression?: Compression): KafkaTransport {
    const options = { brokers: testKafkaBrokers(), clientId: 'compression', log: silence };
    const transport = new KafkaTransport({ ...options, ...(compression && { compression }) });
    started.push(transport);
    return transport;
  }

  /** @param type how the broker compresses what is in it */
  async function topicOf(type: string): Promise<string> {
    const topic = uniqueName('topic');
    const configEntries = [{ name: 'compression.type', value: type }];
    await admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries }], waitForLeaders: false });
    while (!(await admin.listTopics()).includes(topic)) await sleep(20);
    return topic;
  }

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('are read when a topic is kept in %s', async (type) => {
    const topic = await topicOf(type);
    const transport = start();
    await transport.ensureTopics([topic]);
    const received = new Recorder();
    await transport.consume(received.options(topic));

    await send(transport, topic, messagesOf(20, 10));
    await received.untilCount(200);

    expect(idsOf(received.messages)).toEqual(idsOf(messagesOf(20, 10)));
  });

  it.each<Compression>(['gzip', 'snappy', 'lz4', ...(hasZstd ? (['zstd'] as const) : [])])(
    'are written with %s when that is configured, so that the broker can read them',
    async (compression) => {
      // It must unpack them to keep them in another way.
      const topic = await topicOf(compression === 'gzip' ? 'lz4' : 'gzip');
      const transport = start(compression);
      await transport.ensureTopics([topic]);
      const received = new Recorder();
      await transport.consume(received.options(topic));

      const large = messageOf('large', 1, { data: { text: 'some text '.repeat(80_000) } });
      await send(transport, topic, [...messagesOf(20, 10), large]);
      await received.untilCount(201);

      expect(idsOf(received.messages)).toEqual(idsOf([...messagesOf(20, 10), large]));
      expect(received.messages.find(({ id }) => id === large.id)).toEqual(large);
    },
  );

  it('of which there are more in a fetch than are held at once are read in parts, each once and in order', async () => {
    const count = 150_000;
    const topic = await topicOf('producer');
    // What this process fetches is read as the transport reads it from now on.
    await start().ensureTopics([topic]);
    const producer = kafka.producer();
    await producer.connect();
    const messages = Array.from({ length: 10_000 }, () => ({ partition: 0, key: null, value: '' }));
    for (let sent = 0; sent < count; sent += messages.length) {
      await producer.send({ topic, compression: CompressionTypes.GZIP, messages });
    }
    await producer.disconnect();

    const consumer = kafka.consumer({ groupId: uniqueName('group') });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const offsets: number[] = [];
    const parts: number[] = [];
    await consumer.run({
      eachBatch: async ({ batch }) => {
        parts.push(batch.messages.length);
        for (const { offset } of batch.messages) offsets.push(Number(offset));
      },
    });
    await eventually(() => offsets.length >= count);
    await consumer.disconnect();

    expect(offsets.every((offset, at) => offset === at)).toBe(true);
    expect(offsets).toHaveLength(count);
    expect(parts.length).toBeGreaterThan(1);
    expect(Math.max(...parts)).toBeLessThan(count);
  });

  it('of which a batch would fill the memory are one dead letter, and the next ones are handled', async () => {
    const harness = await kafkaHarness();
    const transport = start();
    const topic = uniqueName('topic');
    await transport.ensureTopics([topic]);
    const producer = kafka.producer();
    await producer.connect();
    const bomb = Buffer.alloc(70_000_000, 'x');
    await producer.send({ topic, compression: CompressionTypes.GZIP, messages: [{ key: 'a', value: bomb }] });
    await producer.disconnect();
    const received = new Recorder();
    await transport.consume(received.options(topic));

    await send(transport, topic, [messageOf('a', 1)]);
    await received.untilCount(1);

    await eventually(async () => (await harness.records(topics.deadLetters(topic))).length === 1);
    const [letter] = await harness.records(topics.deadLetters(topic));
    expect(letter?.headers).toMatchObject({ 'dlq-code': 'undecodable', 'dlq-offset': '0' });
    expect(letter?.headers['dlq-reason']).toContain('the batch of the records 0 to 0');
    await harness.close();
  });
});
