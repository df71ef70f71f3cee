import { printable, topics } from '@skald/core';
import { type DeadLetter, deadLetterHeaders, type Delivery, type Log, originalHeaders } from '@skald/ports';
import type { IHeaders } from 'kafkajs';
import type { Arrival } from './arrivals.js';
import { encode } from './envelope.js';
import type { TopicRecord } from './produce-parts.js';
import type { RecordProducer } from './producer.js';
import { RecordsRefusedError, type RefusalCode } from './refusal.js';
import { stripped } from './stripped.js';
import type { TopicAdmin } from './topic-admin.js';

const LONGEST_LOGGED = 500;

export interface Refused {
  readonly arrival: Arrival;
  readonly code: string;
  readonly reason: string;
}

/** Puts records aside that can never be handled: unchanged, with the reason in headers, and stripped where they would not fit. */
export class DeadLetterWriter {
  constructor(
    private readonly producer: Pick<RecordProducer, 'send'>,
    private readonly admin: Pick<TopicAdmin, 'ensure'>,
    private readonly log: Pick<Log, 'warn'>,
  ) {}

  /** @throws RecordsRefusedError when this client may not write to the dead-letter topic, and what else a send throws */
  async write(refused: readonly Refused[]): Promise<void> {
    if (refused.length === 0) return;
    const time = new Date().toISOString();
    await this.send(refused.map((one) => recordOf(one, time)));
    for (const { arrival, code, reason } of refused) {
      const { topic, partition } = arrival.held;
      this.log.warn(
        `dead letter: ${topic}, partition ${partition}, offset ${arrival.offset}: ${code}: ` +
          printable(reason, LONGEST_LOGGED),
      );
    }
  }

  /** Puts messages aside that had been kept: there is no record of theirs in hand, so they are written anew. */
  async writeKept(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return;
    const time = new Date().toISOString();
    await this.send(
      letters.map(({ delivery: { topic, message }, code, reason }): TopicRecord => {
        const record = encode(message);
        const headers = { ...record.headers, ...deadLetterHeaders({ topic }, { code, reason }, time) };
        return { topic: topics.deadLetters(topic), record: { ...record, headers } };
      }),
    );
  }

  private async send(letters: readonly TopicRecord[]): Promise<void> {
    const tooLarge = await this.sendWithTopics(letters);
    const stillTooLarge = await this.sendWithTopics(tooLarge.map((one) => stripped(one, 'shortened')));
    await this.sendWithTopics(stillTooLarge.map((one) => stripped(one, 'bare')));
  }

  /** @returns what is too large for its topic; all else is stored */
  private async sendWithTopics(letters: readonly TopicRecord[]): Promise<readonly TopicRecord[]> {
    const refused = await this.trySend(letters);
    const homeless = refused.get('unknown_topic') ?? [];
    if (homeless.length > 0) {
      const owners = homeless.map(({ topic }) => topic.slice(0, -topics.deadLetters('').length));
      await this.admin.ensure([...new Set(owners)]);
    }
    const again = await this.trySend(homeless);
    return [...(refused.get('too_large') ?? []), ...(again.get('too_large') ?? [])];
  }

  private async trySend(
    letters: readonly TopicRecord[],
  ): Promise<ReadonlyMap<RefusalCode, readonly TopicRecord[]>> {
    const byCode = new Map<RefusalCode, TopicRecord[]>();
    try {
      await this.producer.send(letters);
    } catch (error) {
      if (!(error instanceof RecordsRefusedError)) throw error;
      for (const { code, record } of error.refused) {
        if (code !== 'too_large' && code !== 'unknown_topic') throw error;
        const all = byCode.get(code);
        if (all === undefined) byCode.set(code, [record]);
        else all.push(record);
      }
    }
    return byCode;
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
      headers: {
        ...originalHeaders<IHeaders[string]>(record.headers ?? {}),
        ...deadLetterHeaders({ ...held, offset }, { code, reason }, time),
      },
    },
  };
}
