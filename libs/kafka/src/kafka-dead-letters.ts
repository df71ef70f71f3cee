import { topics as topicNames } from '@skald/core';
import {
  DEAD_LETTER_STRIPPED,
  type DeadLetterContent,
  deadLetteredTopics,
  deadLetterPage,
  type DeadLetterPage,
  type DeadLetterPlace,
  type DeadLetterQuery,
  type DeadLetterRecord,
  type DeadLetters,
  OpenDeadLetters,
  originalHeaders,
  settlingHeaders,
  StrippedDeadLetterError,
} from '@skald/runtime';
import type { IHeaders, KafkaMessage } from 'kafkajs';
import { isCausedBy } from './errors.js';
import type { RecordProducer } from './producer.js';
import type { TopicReader } from './topic-reader.js';

/** A dead letter with the bytes that a resend needs. */
interface KafkaDeadLetter extends DeadLetterRecord {
  readonly raw: KafkaMessage | undefined;
}

export class KafkaDeadLetters implements DeadLetters {
  constructor(
    private readonly reader: TopicReader,
    private readonly producer: RecordProducer,
  ) {}

  async list(query: DeadLetterQuery): Promise<DeadLetterPage> {
    const topics = deadLetteredTopics(await this.reader.topics(), query);
    const all = await Promise.all(topics.map((one) => this.openLetters(one)));
    return deadLetterPage(
      all.flatMap((letters) => letters.entries()),
      query.limit,
    );
  }

  async find(place: DeadLetterPlace): Promise<DeadLetterContent | undefined> {
    const letters = await this.openLetters(place.topic, place);
    const record = letters.record(place);
    if (record === undefined) return undefined;
    const stripped = record.headers[DEAD_LETTER_STRIPPED];
    return {
      ...letters.entryOf(record),
      headers: originalHeaders(record.headers),
      value: record.raw?.value?.toString() ?? '',
      ...(stripped !== undefined && { stripped }),
    };
  }

  async resend(place: DeadLetterPlace): Promise<boolean> {
    const record = (await this.openLetters(place.topic, place)).record(place);
    if (record?.raw === undefined) return false;
    const { key, value, headers = {} } = record.raw;
    if (record.headers[DEAD_LETTER_STRIPPED] !== undefined) {
      throw new StrippedDeadLetterError(
        `The dead letter ${place.partition}/${place.offset} of '${place.topic}' was too large to be kept whole, so it ` +
          'cannot be sent again. Ask whoever sent the message for another, and drop the letter.',
      );
    }
    await this.producer.send([
      { topic: place.topic, record: { key, value, headers: originalHeaders<IHeaders[string]>(headers) } },
    ]);
    await this.settle(place, 'resent');
    return true;
  }

  async drop(place: DeadLetterPlace): Promise<boolean> {
    if ((await this.openLetters(place.topic, place)).record(place) === undefined) return false;
    await this.settle(place, 'dropped');
    return true;
  }

  /** @param wanted the one letter whose bytes are kept */
  private async openLetters(
    topic: string,
    wanted?: DeadLetterPlace,
  ): Promise<OpenDeadLetters<KafkaDeadLetter>> {
    const letters = new OpenDeadLetters<KafkaDeadLetter>(topic);
    try {
      await this.reader.read(topicNames.deadLetters(topic), (partition, message) => {
        const { offset, key, headers = {} } = message;
        const isWanted = partition === wanted?.partition && offset === wanted.offset;
        letters.add({
          partition,
          offset,
          key: key?.toString() ?? null,
          headers: textsOf(headers),
          raw: isWanted ? message : undefined,
        });
      });
    } catch (error) {
      // Without its topic there is no letter.
      if (!isCausedBy(error, 'UNKNOWN_TOPIC_OR_PARTITION')) throw error;
    }
    return letters;
  }

  private async settle(place: DeadLetterPlace, how: 'resent' | 'dropped'): Promise<void> {
    const headers = settlingHeaders(place, how, new Date().toISOString());
    const topic = topicNames.deadLetters(place.topic);
    await this.producer.send([{ topic, record: { key: null, value: '', headers } }]);
  }
}

function textsOf(headers: IHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
