import { setImmediate } from 'node:timers/promises';
import { shortened } from '@skald/core';
import { isTopicName, messageOf } from '@skald/ports';
import type { Kafka } from 'kafkajs';
import type { Producer } from 'kafkajs';
import { RETRY } from './client.js';
import { COMPRESSION_TYPES } from './codecs.js';
import { KafkaLoginError, KafkaSendError } from './errors.js';
import { fail, Isolation, refuse, type Unstored } from './isolation.js';
import { LazyConnection } from './lazy-connection.js';
import type { KafkaSettings } from './options.js';
import { partitioner } from './partitioner.js';
import { byTopic, inParts, sizeOf, type TopicRecord } from './produce-parts.js';
import { RecordsRefusedError, type RefusedRecord } from './refusal.js';

/**
 * A request of more bytes makes a broker close the connection (`socket.request.max.bytes`, 100 MiB by default), which
 * would look as if it were away.
 */
const LARGEST_RECORD = 50_000_000;

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
  private readonly isolation: Isolation;
  private waiting: Submission[] = [];
  private sending: Promise<void> | undefined;

  constructor(
    client: Kafka,
    private readonly settings: Pick<KafkaSettings, 'sendTimeoutMs' | 'onRequest' | 'compression'>,
    topicNames: () => Promise<readonly string[]>,
  ) {
    this.isolation = new Isolation({ request: (records) => this.request(records), topicNames });
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
   * @throws RecordsRefusedError when Kafka refuses some for good; all others are stored then. KafkaLoginError,
   *   KafkaSendError when some may not be stored
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
      throw error instanceof RecordsRefusedError ? error : this.sendError(records, error);
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
    const unstored: Unstored = new Map();
    try {
      await this.sendParts(
        together.flatMap(({ records }) => records),
        unstored,
      );
    } catch (error) {
      for (const { reject } of together) reject(error);
      return;
    }
    for (const submission of together) {
      if (unstored.size === 0) submission.resolve();
      else settle(submission, unstored);
    }
  }

  private async sendParts(records: readonly TopicRecord[], unstored: Unstored): Promise<void> {
    let goesOn = true;
    for (const part of inParts(sendable(records, unstored))) {
      if (goesOn) goesOn = await this.isolation.send(part, unstored);
      else fail(part, new Error('the broker went away before it was sent'), unstored);
    }
  }

  private async request(records: readonly TopicRecord[]): Promise<void> {
    const producer = await this.withinTime(this.connection.get());
    await this.withinTime(
      producer.sendBatch({
        acks: -1,
        timeout: this.settings.sendTimeoutMs,
        compression: COMPRESSION_TYPES[this.settings.compression],
        topicMessages: byTopic(records),
      }),
    );
  }

  private sendError(records: readonly TopicRecord[], error: unknown): Error {
    const refused = KafkaLoginError.from(error);
    if (refused instanceof KafkaLoginError) return refused;
    const topics = [...new Set(records.map(({ topic }) => topic))];
    return new KafkaSendError(
      `Kafka did not confirm ${records.length} message(s) to ${shortened(topics.join(', '), 500)}: ` +
        `${shortened(messageOf(error), 500)}. Some may be stored; send them again.`,
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

class TooLateError extends Error {
  override readonly name = 'TooLateError';
}

/** What may go into a request at all; the rest is refused here. */
function sendable(records: readonly TopicRecord[], unstored: Unstored): readonly TopicRecord[] {
  let checked = '';
  for (const one of records) {
    if (one.topic !== checked && !isTopicName(one.topic)) refuse([one], 'invalid_topic', unstored);
    else if (sizeOf(one) > LARGEST_RECORD) refuse([one], 'too_large', unstored);
    else checked = one.topic;
  }
  return unstored.size === 0 ? records : records.filter((one) => !unstored.has(one));
}

function settle({ records, resolve, reject }: Submission, unstored: Unstored): void {
  const refused: RefusedRecord[] = [];
  for (const record of records) {
    const outcome = unstored.get(record);
    if (outcome === undefined) continue;
    if ('error' in outcome) {
      reject(outcome.error);
      return;
    }
    refused.push(outcome.refused);
  }
  if (refused.length === 0) resolve();
  else reject(new RecordsRefusedError(refused));
}
