import { topics as topicNames } from '@skald/core';
import {
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
} from '@skald/ports';
import type { MemoryBroker } from './memory-broker.js';

interface MemoryDeadLetter extends DeadLetterRecord {
  readonly value: string;
}

export class MemoryDeadLetters implements DeadLetters {
  constructor(private readonly broker: MemoryBroker) {}

  async list(query: DeadLetterQuery): Promise<DeadLetterPage> {
    const topics = deadLetteredTopics(this.broker.topicNames(), query);
    const entries = topics.flatMap((name) => this.openLetters(name).entries());
    return deadLetterPage(entries, query.limit);
  }

  async find(place: DeadLetterPlace): Promise<DeadLetterContent | undefined> {
    const letters = this.openLetters(place.topic);
    const record = letters.record(place);
    if (record === undefined) return undefined;
    const { headers, value } = record;
    return { ...letters.entryOf(record), headers: originalHeaders(headers), value };
  }

  async resend(place: DeadLetterPlace): Promise<boolean> {
    const record = this.openLetters(place.topic).record(place);
    if (record === undefined) return false;
    const { key, value, headers } = record;
    this.broker.append([{ topic: place.topic, key, value, headers: originalHeaders(headers) }]);
    this.settle(place, 'resent');
    return true;
  }

  async drop(place: DeadLetterPlace): Promise<boolean> {
    if (this.openLetters(place.topic).record(place) === undefined) return false;
    this.settle(place, 'dropped');
    return true;
  }

  private openLetters(topic: string): OpenDeadLetters<MemoryDeadLetter> {
    const letters = new OpenDeadLetters<MemoryDeadLetter>(topic);
    const name = topicNames.deadLetters(topic);
    if (!this.broker.topicNames().includes(name)) return letters;
    for (const record of this.broker.messages(name))
      letters.add({ ...record, offset: String(record.offset) });
    return letters;
  }

  private settle(place: DeadLetterPlace, how: 'resent' | 'dropped'): void {
    const headers = settlingHeaders(place, how, new Date().toISOString());
    this.broker.append([{ topic: topicNames.deadLetters(place.topic), key: null, value: '', headers }]);
  }
}
