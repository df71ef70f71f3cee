import { topics as topicNames } from '@skald/core';
import {
  DEAD_LETTER_STRIPPED,
  type DeadLetterContent,
  deadLetteredTopics,
  deadLetterEntry,
  type DeadLetterEntry,
  deadLetterPage,
  type DeadLetterPage,
  type DeadLetterPlace,
  type DeadLetterQuery,
  type DeadLetters,
  originalHeaders,
  settlingHeaders,
  StrippedDeadLetterError,
} from '@skald/ports';
import type { IHeaders } from 'kafkajs';
import { DeadLetterIndex, type OpenLetter } from './dead-letter-index.js';
import { isCausedBy } from './errors.js';
import type { FetchedMessage } from './fetch-response.js';
import type { RecordProducer } from './producer.js';
import type { TopicReader } from './topic-reader.js';

/** A list waits so long for the letters behind its page to be counted; the rest is counted in the background. */
const COUNTS_WITHIN_MS = 1_000;
/** Are held while the letters of a page are read. A batch comes whole. */
const PAGE_BYTES = 65_536;

/** Lists from an index that each process keeps of each topic it was asked for, and reads of the letters those of the page. */
export class KafkaDeadLetters implements DeadLetters {
  private readonly indexes = new Map<string, DeadLetterIndex>();

  constructor(
    private readonly reader: Pick<TopicReader, 'topics' | 'ranges' | 'read'>,
    private readonly producer: Pick<RecordProducer, 'send'>,
  ) {}

  async list(query: DeadLetterQuery): Promise<DeadLetterPage> {
    const { limit } = query;
    const until = performance.now() + COUNTS_WITHIN_MS;
    const present = await this.reader.topics();
    this.forgetOthers(present);
    const topics = deadLetteredTopics(present, query);
    const known = await Promise.all(
      topics.map(async (topic) => {
        const index = this.indexOf(topic);
        const isThere = await ifThere(async () => {
          await index.refresh();
          await index.learn(limit, () => performance.now() < until);
        });
        if (!isThere) {
          this.indexes.delete(topic);
          return { topic, letters: [], total: 0, isWhole: true };
        }
        // The next list finds it counted.
        if (!index.isWhole) index.learn(0, () => true).catch(() => undefined);
        return { topic, letters: index.newest(limit), total: index.size, isWhole: index.isWhole };
      }),
    );
    const page = known
      .flatMap(({ topic, letters }) => letters.map((letter) => ({ topic, letter })))
      .toSorted((a, b) => b.letter.time - a.letter.time)
      .slice(0, limit);
    const entries: DeadLetterEntry[] = [];
    for (const topic of topics) {
      const wanted = page.flatMap((one) => (one.topic === topic ? [one.letter] : []));
      entries.push(...(await this.entries(topic, wanted)));
    }
    const total = known.reduce((sum, one) => sum + one.total, 0);
    const isPartial = known.some(({ isWhole }) => !isWhole);
    return { ...deadLetterPage(entries, limit), total, ...(isPartial && { isPartial }) };
  }

  async find(place: DeadLetterPlace): Promise<DeadLetterContent | undefined> {
    const record = await this.record(place);
    if (record === undefined) return undefined;
    const headers = textsOf(record.headers ?? {});
    const stripped = headers[DEAD_LETTER_STRIPPED];
    return {
      ...entryOf(place.topic, place.partition, record),
      headers: originalHeaders(headers),
      value: record.value?.toString() ?? '',
      ...(stripped !== undefined && { stripped }),
    };
  }

  async resend(place: DeadLetterPlace): Promise<boolean> {
    const record = await this.record(place);
    if (record === undefined) return false;
    const { key, value } = record;
    const headers: IHeaders = record.headers ?? {};
    if (headers[DEAD_LETTER_STRIPPED] !== undefined) {
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
    if ((await this.record(place)) === undefined) return false;
    await this.settle(place, 'dropped');
    return true;
  }

  private async isPresent(topic: string): Promise<boolean> {
    const present = await this.reader.topics();
    return present.includes(topicNames.deadLetters(topic));
  }

  /** Topics that have been deleted. */
  private forgetOthers(present: readonly string[]): void {
    const names = new Set(present);
    for (const topic of this.indexes.keys()) {
      if (!names.has(topicNames.deadLetters(topic))) this.indexes.delete(topic);
    }
  }

  private indexOf(topic: string): DeadLetterIndex {
    const known = this.indexes.get(topic);
    if (known !== undefined) return known;
    const made = new DeadLetterIndex(this.reader, topicNames.deadLetters(topic));
    this.indexes.set(topic, made);
    return made;
  }

  private async entries(topic: string, letters: readonly OpenLetter[]): Promise<DeadLetterEntry[]> {
    const entries: DeadLetterEntry[] = [];
    for (const { partition, from, to } of runsOf(letters)) {
      await this.reader.read(topicNames.deadLetters(topic), partition, { from, to }, PAGE_BYTES, (record) => {
        entries.push(entryOf(topic, partition, record));
      });
    }
    return entries;
  }

  /** The record of an open letter. */
  private async record({ topic, partition, offset }: DeadLetterPlace): Promise<FetchedMessage | undefined> {
    const at = Number(offset);
    const records: FetchedMessage[] = [];
    // Anybody may ask for any name: what there is not leaves nothing behind, and costs no connection.
    if (!this.indexes.has(topic) && !(await this.isPresent(topic))) return undefined;
    const isThere = await ifThere(async () => {
      if (!(await this.indexOf(topic).isOpen(partition, at))) return;
      const range = { from: at, to: at + 1 };
      await this.reader.read(topicNames.deadLetters(topic), partition, range, PAGE_BYTES, (one) => {
        records.push(one);
      });
    });
    if (!isThere) this.indexes.delete(topic);
    return records[0];
  }

  private async settle(place: DeadLetterPlace, how: 'resent' | 'dropped'): Promise<void> {
    const headers = settlingHeaders(place, how, new Date().toISOString());
    const topic = topicNames.deadLetters(place.topic);
    await this.producer.send([{ topic, record: { key: null, value: '', headers } }]);
  }
}

/** Without its topic there is no letter. @returns whether the topic is there */
async function ifThere(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!isCausedBy(error, 'UNKNOWN_TOPIC_OR_PARTITION')) throw error;
    return false;
  }
}

/** Letters that lie one behind the other are read together. */
function runsOf(letters: readonly OpenLetter[]): { partition: number; from: number; to: number }[] {
  const runs: { partition: number; from: number; to: number }[] = [];
  for (const { partition, offset } of letters.toSorted(
    (a, b) => a.partition - b.partition || a.offset - b.offset,
  )) {
    const last = runs.at(-1);
    if (last?.partition === partition && last.to === offset) last.to = offset + 1;
    else runs.push({ partition, from: offset, to: offset + 1 });
  }
  return runs;
}

function entryOf(
  topic: string,
  partition: number,
  { offset, key, headers = {} }: FetchedMessage,
): DeadLetterEntry {
  return deadLetterEntry(topic, {
    partition,
    offset,
    key: key?.toString() ?? null,
    headers: textsOf(headers),
  });
}

function textsOf(headers: IHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
