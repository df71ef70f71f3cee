import { messageOf } from '@skald/runtime';
import { CompressionTypes, type Kafka, type Message as KafkaRecord, Partitioners } from 'kafkajs';
import type { Producer } from 'kafkajs';
import { RETRY } from './client.js';
import { isCausedBy, KafkaLoginError, KafkaSendError, UnknownTopicError } from './errors.js';
import { LazyConnection } from './lazy-connection.js';
import type { KafkaSettings } from './options.js';

export interface TopicRecord {
  readonly topic: string;
  readonly record: KafkaRecord;
}

/** One connection that all senders of a process share. */
export class RecordProducer {
  private readonly connection: LazyConnection<Producer>;

  constructor(
    client: Kafka,
    private readonly settings: Pick<KafkaSettings, 'sendTimeoutMs' | 'onRequest'>,
  ) {
    this.connection = new LazyConnection(() => {
      const producer = client.producer({
        allowAutoTopicCreation: false,
        idempotent: false,
        createPartitioner: Partitioners.DefaultPartitioner,
        retry: RETRY,
      });
      const { onRequest } = settings;
      if (onRequest) producer.on(producer.events.REQUEST, ({ payload }) => onRequest(payload.apiName));
      return producer;
    });
  }

  /**
   * Sends all records in one request per broker. Resolves when every replica in sync has stored them.
   *
   * @throws UnknownTopicError, KafkaLoginError, KafkaSendError
   */
  async send(records: readonly TopicRecord[]): Promise<void> {
    if (records.length === 0) return;
    const byTopic = new Map<string, KafkaRecord[]>();
    for (const { topic, record } of records) {
      const ofTopic = byTopic.get(topic);
      if (ofTopic === undefined) byTopic.set(topic, [record]);
      else ofTopic.push(record);
    }
    const topicMessages = [...byTopic].map(([topic, messages]) => ({ topic, messages }));
    try {
      await this.withinTime(async () => {
        const producer = await this.connection.get();
        await producer.sendBatch({
          acks: -1,
          timeout: this.settings.sendTimeoutMs,
          compression: CompressionTypes.None,
          topicMessages,
        });
      });
    } catch (error) {
      const refused = KafkaLoginError.from(error);
      if (refused instanceof KafkaLoginError) throw refused;
      const topics = [...byTopic.keys()];
      if (isCausedBy(error, 'UNKNOWN_TOPIC_OR_PARTITION'))
        throw new UnknownTopicError(topics, { cause: error });
      throw new KafkaSendError(
        `Kafka did not confirm ${records.length} message(s) to ${topics.join(', ')}: ${messageOf(error)}. ` +
          'Some may be stored; send them again.',
        { cause: error },
      );
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  private async withinTime(work: () => Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${this.settings.sendTimeoutMs} ms`)), this.settings.sendTimeoutMs);
    });
    try {
      await Promise.race([work(), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }
}
