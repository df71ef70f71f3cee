import { setImmediate } from 'node:timers/promises';
import { messageOf } from '@skald/runtime';
import { CompressionTypes, type Kafka, type Message as KafkaRecord } from 'kafkajs';
import type { Producer } from 'kafkajs';
import { RETRY } from './client.js';
import { isCausedBy, KafkaLoginError, KafkaSendError, UnknownTopicError } from './errors.js';
import { LazyConnection } from './lazy-connection.js';
import type { KafkaSettings } from './options.js';
import { partitioner } from './partitioner.js';

/** Below a broker's own bound for what goes to one partition at a time (`message.max.bytes`, 1 MiB). */
const MOST_BYTES = 900_000;
/** What a record costs besides key and value, generously. */
const RECORD_OVERHEAD = 200;

export interface TopicRecord {
  readonly topic: string;
  readonly record: KafkaRecord;
}

interface Submission {
  readonly records: readonly TopicRecord[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One connection that all senders of a process share, and their requests, too: while one is under way, whatever else is
 * to be sent gathers for the next. What comes alone goes at once.
 */
export class RecordProducer {
  private readonly connection: LazyConnection<Producer>;
  private waiting: Submission[] = [];
  private sending: Promise<void> | undefined;

  constructor(
    client: Kafka,
    private readonly settings: Pick<KafkaSettings, 'sendTimeoutMs' | 'onRequest'>,
  ) {
    this.connection = new LazyConnection(() => {
      const producer = client.producer({
        allowAutoTopicCreation: false,
        idempotent: false,
        createPartitioner: partitioner,
        retry: RETRY,
      });
      const { onRequest } = settings;
      if (onRequest) producer.on(producer.events.REQUEST, ({ payload }) => onRequest(payload.apiName));
      return producer;
    });
  }

  /**
   * Resolves when every replica in sync has stored all records. Records of one sender keep their order.
   *
   * @throws UnknownTopicError, KafkaLoginError, KafkaSendError
   */
  async send(records: readonly TopicRecord[]): Promise<void> {
    if (records.length === 0) return;
    const stored = new Promise<void>((resolve, reject) => {
      this.waiting.push({ records, resolve, reject });
      this.sending ??= this.sendAll();
    });
    try {
      await this.withinTime(stored);
    } catch (error) {
      throw this.sendError(records, error);
    }
  }

  async close(): Promise<void> {
    await this.sending;
    await this.connection.close();
  }

  private async sendAll(): Promise<void> {
    // What else is sent in the same tick joins the first request.
    await setImmediate();
    while (this.waiting.length > 0) {
      const together = this.waiting;
      this.waiting = [];
      await this.sendTogether(together);
    }
    this.sending = undefined;
  }

  private async sendTogether(together: readonly Submission[]): Promise<void> {
    try {
      await this.request(together.flatMap(({ records }) => records));
      for (const { resolve } of together) resolve();
    } catch (error) {
      if (together.length === 1 || error instanceof TooLateError) {
        for (const { reject } of together) reject(error);
        return;
      }
      // One may have spoilt it for the others: a topic that is not there, a record that is too large.
      for (const one of together) await this.sendTogether([one]);
    }
  }

  private async request(records: readonly TopicRecord[]): Promise<void> {
    const producer = await this.withinTime(this.connection.get());
    for (const part of inParts(records)) {
      await this.withinTime(
        producer.sendBatch({
          acks: -1,
          timeout: this.settings.sendTimeoutMs,
          compression: CompressionTypes.None,
          topicMessages: byTopic(part),
        }),
      );
    }
  }

  private sendError(records: readonly TopicRecord[], error: unknown): Error {
    const refused = KafkaLoginError.from(error);
    if (refused instanceof KafkaLoginError) return refused;
    const topics = [...new Set(records.map(({ topic }) => topic))];
    if (isCausedBy(error, 'UNKNOWN_TOPIC_OR_PARTITION'))
      return new UnknownTopicError(topics, { cause: error });
    return new KafkaSendError(
      `Kafka did not confirm ${records.length} message(s) to ${topics.join(', ')}: ${messageOf(error)}. ` +
        'Some may be stored; send them again.',
      { cause: error },
    );
  }

  private async withinTime<T>(work: Promise<T>): Promise<T> {
    const { sendTimeoutMs } = this.settings;
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new TooLateError(`no answer within ${sendTimeoutMs} ms`)),
        sendTimeoutMs,
      );
    });
    try {
      return await Promise.race([work, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }
}

class TooLateError extends Error {}

/** Parts that a broker takes in one request whatever their partitions are. Only a single record may be larger. */
function inParts(records: readonly TopicRecord[]): TopicRecord[][] {
  const parts: TopicRecord[][] = [];
  let bytes = MOST_BYTES;
  for (const one of records) {
    const size = (one.record.value?.length ?? 0) + RECORD_OVERHEAD;
    bytes += size;
    if (bytes > MOST_BYTES) {
      parts.push([]);
      bytes = size;
    }
    parts.at(-1)?.push(one);
  }
  return parts;
}

function byTopic(records: readonly TopicRecord[]): { topic: string; messages: KafkaRecord[] }[] {
  const byTopic = new Map<string, KafkaRecord[]>();
  for (const { topic, record } of records) {
    const ofTopic = byTopic.get(topic);
    if (ofTopic === undefined) byTopic.set(topic, [record]);
    else ofTopic.push(record);
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}
