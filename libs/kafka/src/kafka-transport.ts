import type { OutgoingMessage } from '@skald/core';
import type { Consumer, ConsumeOptions, Transport } from '@skald/runtime';
import { BatchConsumer } from './batch-consumer.js';
import { kafkaClient } from './client.js';
import { DeadLetterWriter } from './dead-letters.js';
import { encode } from './envelope.js';
import { KafkaOptionsError, TransportClosedError } from './errors.js';
import { atLeast, type KafkaSettings, type KafkaTransportOptions, readOptions } from './options.js';
import { RecordProducer } from './producer.js';
import { TopicAdmin } from './topic-admin.js';

/** Messages over Kafka: CloudEvents in JSON, keyed by saga. Connects when it is first used. */
export class KafkaTransport implements Transport {
  private readonly settings: KafkaSettings;
  private readonly admin: TopicAdmin;
  private readonly producer: RecordProducer;
  private readonly deadLetters: DeadLetterWriter;
  private readonly consumers = new Set<BatchConsumer>();
  private closed: Promise<void> | undefined;

  /** @throws KafkaOptionsError */
  constructor(options: KafkaTransportOptions) {
    this.settings = readOptions(options);
    const client = kafkaClient(this.settings);
    this.admin = new TopicAdmin(client, this.settings);
    this.producer = new RecordProducer(client, this.settings.sendTimeoutMs);
    this.deadLetters = new DeadLetterWriter(this.producer, this.admin, this.settings.log);
  }

  async ensureTopics(topics: readonly string[]): Promise<void> {
    this.refuseWhenClosed();
    await this.admin.ensure(topics);
  }

  /** @throws KafkaOptionsError, UnknownTopicError, TransportClosedError when it is closed meanwhile */
  async consume(options: ConsumeOptions): Promise<Consumer> {
    this.refuseWhenClosed();
    if (options.group === '') throw new KafkaOptionsError('group', 'give the group a name');
    if (options.topics.length === 0) throw new KafkaOptionsError('topics', 'give at least one topic');
    atLeast('maximumBatch', options.maximumBatch, 1);

    const consumer = new BatchConsumer(this.settings, options, this.admin, this.deadLetters);
    this.consumers.add(consumer);
    try {
      await consumer.begin();
    } catch (error) {
      this.consumers.delete(consumer);
      await consumer.stop();
      throw error;
    }
    return {
      isReady: () => consumer.isReady(),
      stop: async () => {
        await consumer.stop();
        this.consumers.delete(consumer);
      },
    };
  }

  /** @throws UnknownTopicError, KafkaSendError */
  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    this.refuseWhenClosed();
    await this.producer.send(messages.map(({ topic, message }) => ({ topic, record: encode(message) })));
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    await Promise.all([...this.consumers].map((consumer) => consumer.stop()));
    await Promise.all([this.producer.close(), this.admin.close()]);
  }

  private refuseWhenClosed(): void {
    if (this.closed !== undefined) throw new TransportClosedError('the Kafka transport is closed');
  }
}
