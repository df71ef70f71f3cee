import { topics } from '@skald/core';
import { type DeadLetter, deadLetterHeaders, type Delivery, type Log } from '@skald/runtime';
import type { Arrival } from './arrivals.js';
import { encode } from './envelope.js';
import { UnknownTopicError } from './errors.js';
import type { RecordProducer, TopicRecord } from './producer.js';
import type { TopicAdmin } from './topic-admin.js';

interface Refused {
  readonly arrival: Arrival;
  readonly code: string;
  readonly reason: string;
}

/** Puts records aside that can never be handled: unchanged, with the reason in headers. */
export class DeadLetterWriter {
  constructor(
    private readonly producer: RecordProducer,
    private readonly admin: TopicAdmin,
    private readonly log: Log,
  ) {}

  async write(refused: readonly Refused[]): Promise<void> {
    if (refused.length === 0) return;
    const time = new Date().toISOString();
    await this.send(
      refused.map((one) => recordOf(one, time)),
      refused.map(({ arrival }) => arrival.held.topic),
    );
    for (const { arrival, code, reason } of refused) {
      const { topic, partition } = arrival.held;
      this.log.warn(
        `dead letter: ${topic}, partition ${partition}, offset ${arrival.offset}: ${code}: ${reason}`,
      );
    }
  }

  /** Puts messages aside that had been kept: there is no record of theirs in hand, so they are written anew. */
  async writeKept(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return;
    const time = new Date().toISOString();
    const records = letters.map(({ delivery: { topic, message }, code, reason }): TopicRecord => {
      const record = encode(message);
      const headers = { ...record.headers, ...deadLetterHeaders({ topic }, { code, reason }, time) };
      return { topic: topics.deadLetters(topic), record: { ...record, headers } };
    });
    await this.send(
      records,
      letters.map(({ delivery }) => delivery.topic),
    );
  }

  /** @param sources the topics whose dead letters these are */
  private async send(records: readonly TopicRecord[], sources: readonly string[]): Promise<void> {
    try {
      await this.producer.send(records);
    } catch (error) {
      if (!(error instanceof UnknownTopicError)) throw error;
      await this.admin.ensure([...new Set(sources)]);
      await this.producer.send(records);
    }
  }
}

/** What of a batch goes to the dead letters: what could not be read, and what its handler refused. */
export function refusedOf(batch: readonly Arrival[], letters: readonly DeadLetter[]): Refused[] {
  const byDelivery = new Map<Delivery, DeadLetter>(letters.map((letter) => [letter.delivery, letter]));
  return batch.flatMap((arrival) => {
    const { content } = arrival;
    if (content.kind === 'malformed') return [{ arrival, code: content.code, reason: content.reason }];
    const letter = byDelivery.get(content.delivery);
    return letter === undefined ? [] : [{ arrival, code: letter.code, reason: letter.reason }];
  });
}

function recordOf({ arrival: { held, offset, record }, code, reason }: Refused, time: string): TopicRecord {
  return {
    topic: topics.deadLetters(held.topic),
    record: {
      key: record.key,
      value: record.value,
      headers: { ...record.headers, ...deadLetterHeaders({ ...held, offset }, { code, reason }, time) },
    },
  };
}
