import type { OutgoingMessage } from '@skald/core';
import {
  type ConsumeOptions,
  type Consumer,
  type DeadLetter,
  type DeadLetters,
  MessageRefusedError,
  onceThere,
  type Progress,
  type RefusedMessage,
  type TransportWithDeadLetters,
} from '@skald/ports';
import { BatchConsumer } from './batch-consumer.js';
import { kafkaClient } from './client.js';
import { DeadLetterWriter } from './dead-letters.js';
import { encode } from './envelope.js';
import { isPassing, KafkaOptionsError, TransportClosedError } from './errors.js';
import { KafkaDeadLetters } from './kafka-dead-letters.js';
import { checkBounds, type KafkaSettings, type KafkaTransportOptions, readOptions } from './options.js';
import { Pause } from './pause.js';
import type { TopicRecord, UnwritableRecord } from './produce-parts.js';
import { RecordProducer } from './producer.js';
import { ProgressSampler } from './progress-sampler.js';
import { RecordsRefusedError, refusal, type RefusedRecord } from './refusal.js';
import { TopicAdmin } from './topic-admin.js';
import { TopicReader } from './topic-reader.js';

/** Messages over Kafka: CloudEvents in JSON, keyed by saga. Connects when it is first used. */
export class KafkaTransport implements TransportWithDeadLetters {
  readonly maximumBytes: number;
  readonly deadLetters: DeadLetters;
  private readonly settings: KafkaSettings;
  private readonly admin: TopicAdmin;
  private readonly producer: RecordProducer;
  private readonly reader: TopicReader;
  private readonly deadLetterWriter: DeadLetterWriter;
  private readonly consumers = new Set<BatchConsumer>();
  private readonly sampler: ProgressSampler;
  private readonly pause = new Pause();
  private closed: Promise<void> | undefined;

  /** @throws KafkaOptionsError */
  constructor(options: KafkaTransportOptions) {
    this.settings = readOptions(options);
    this.maximumBytes = this.settings.maximumBytes;
    const client = kafkaClient(this.settings);
    this.admin = new TopicAdmin(client, this.settings);
    this.sampler = new ProgressSampler(this.admin, this.settings.log);
    this.producer = new RecordProducer(client, this.settings, () => this.admin.topicNames());
    this.reader = new TopicReader(this.settings);
    this.deadLetters = new KafkaDeadLetters(this.reader, this.producer);
    this.deadLetterWriter = new DeadLetterWriter(this.producer, this.admin, this.settings.log);
  }

  /**
   * Waits for a broker that is away.
   *
   * @throws UnsafeTopicError, KafkaLoginError, TransportClosedError when it is closed meanwhile
   */
  async ensureTopics(topics: readonly string[]): Promise<void> {
    this.refuseWhenClosed();
    await onceThere(() => this.admin.ensure(topics), {
      what: 'Kafka',
      log: this.settings.log,
      isAway: isPassing,
      pause: async (milliseconds) => {
        await this.pause.sleep(milliseconds);
        this.refuseWhenClosed();
      },
    });
  }

  /** @throws KafkaOptionsError, UnknownTopicError, TransportClosedError when it is closed meanwhile */
  async consume(options: ConsumeOptions): Promise<Consumer> {
    this.refuseWhenClosed();
    if (options.group === '') throw new KafkaOptionsError('group', 'give the group a name');
    if (options.topics.length === 0) throw new KafkaOptionsError('topics', 'give at least one topic');
    checkBounds('maximumBatch', options.maximumBatch, 1);

    const consumer = new BatchConsumer(this.settings, options, this.admin, this.deadLetterWriter);
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
      problem: () => consumer.problem(),
      stop: async () => {
        await consumer.stop();
        this.consumers.delete(consumer);
      },
    };
  }

  /** @throws MessageRefusedError, KafkaSendError, KafkaLoginError, TransportClosedError */
  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    this.refuseWhenClosed();
    const sending = messages.map(toRecord);
    const records = sending.filter((one) => one.record !== undefined);
    let refused: readonly RefusedRecord[] = [];
    try {
      await this.producer.send(records);
    } catch (error) {
      if (!(error instanceof RecordsRefusedError)) throw error;
      refused = error.refused;
    }
    if (refused.length > 0 || records.length < sending.length) throw refusedOf(messages, sending, refused);
  }

  /** What a sampler has seen, which looks twice a second while it is asked; nothing when it may not look. */
  progress(group: string, topic: string): Progress | undefined {
    return this.sampler.progress(group, topic);
  }

  async deadLetter(letters: readonly DeadLetter[]): Promise<void> {
    this.refuseWhenClosed();
    await this.deadLetterWriter.writeKept(letters);
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    this.pause.end();
    this.sampler.close();
    await Promise.all([...this.consumers].map((consumer) => consumer.stop()));
    await Promise.all([this.producer.close(), this.admin.close(), this.reader.close()]);
  }

  private refuseWhenClosed(): void {
    if (this.closed !== undefined) throw new TransportClosedError('the Kafka transport is closed');
  }
}

function toRecord({ topic, message }: OutgoingMessage): TopicRecord | UnwritableRecord {
  try {
    return { topic, record: encode(message) };
  } catch {
    return { topic, record: undefined };
  }
}

function refusedOf(
  messages: readonly OutgoingMessage[],
  sending: readonly (TopicRecord | UnwritableRecord)[],
  records: readonly RefusedRecord[],
): MessageRefusedError {
  const why = new Map(records.map((one) => [one.record, one]));
  const refused: RefusedMessage[] = [];
  for (const [index, record] of sending.entries()) {
    const message = messages[index]?.message;
    const found = record.record === undefined ? refusal(record.topic, 'not_json') : why.get(record);
    if (found !== undefined && message !== undefined) {
      refused.push({ message, code: found.code, reason: found.reason });
    }
  }
  return new MessageRefusedError(refused);
}
