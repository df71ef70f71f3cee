import { shortened, SkaldError, topics } from '@skald/core';
import type { Transport } from './ports.js';

/** Names a dead letter: the topic that its message was sent to, and where it lies in that topic's dead-letter topic. */
export interface DeadLetterPlace {
  readonly topic: string;
  readonly partition: number;
  /** Too large for a number in some brokers. */
  readonly offset: string;
}

/** What may be shown in a list: no payload. */
export interface DeadLetterEntry extends DeadLetterPlace {
  readonly code: string;
  readonly reason: string;
  /** When it was put aside. RFC 3339. */
  readonly time: string;
  /** The saga's id, where the message had one. */
  readonly key: string | null;
  /** Where the message lay in its own topic. */
  readonly origin: { readonly partition: number; readonly offset: string } | undefined;
}

/** All of a dead letter, as it arrived. Payload and headers may hold personal data: never log them. */
export interface DeadLetterContent extends DeadLetterEntry {
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
  /** What it lacks, when it would not fit whole; see `DEAD_LETTER_STRIPPED`. */
  readonly stripped?: string;
}

export interface DeadLetterQuery {
  /** Only topics of this namespace. */
  readonly namespace: string;
  /** Only letters of messages that were sent to this topic. Default: all topics. */
  readonly topic?: string | undefined;
  readonly limit: number;
}

export interface DeadLetterPage {
  /** Newest first. */
  readonly letters: readonly DeadLetterEntry[];
  /** How many are open, on this page or not, as far as they are counted. */
  readonly total: number;
  /** Older ones are still being counted, so there may be more than `total`; ask again. The page itself is right. */
  readonly isPartial?: true;
}

/**
 * Messages that were put aside, until a person has resent or dropped them. A log cannot give up a single record, so
 * settling one writes a mark behind it, into the same dead-letter topic: header `dlq-settled` names partition and offset.
 * A letter without a mark is open. Marks need no place of their own, are read along with the letters by whoever reads
 * those, in order, and go with them when the topic's retention is over.
 */
export interface DeadLetters {
  /** Reads the dead-letter topics as they are now. Topics that do not exist hold none. */
  list(query: DeadLetterQuery): Promise<DeadLetterPage>;
  /** @returns nothing when there is no such letter, or when it is settled */
  find(place: DeadLetterPlace): Promise<DeadLetterContent | undefined>;
  /**
   * Sends the message once more: key, value and headers as they were, to the topic it was sent to. Settles the letter
   * afterwards, so a crash between the two, or two people at once, may send it twice; barrier and engine know the copy.
   *
   * @returns false when there is no such letter, or when it is settled
   */
  resend(place: DeadLetterPlace): Promise<boolean>;
  /**
   * Settles the letter without sending it. Its record stays in the broker until the topic's retention is over.
   *
   * @returns false when there is no such letter, or when it is settled
   */
  drop(place: DeadLetterPlace): Promise<boolean>;
}

/** A transport whose dead letters can be looked after. */
export interface TransportWithDeadLetters extends Transport {
  readonly deadLetters: DeadLetters;
}

/** A record of a dead-letter topic, of whatever broker. */
export interface DeadLetterRecord {
  readonly partition: number;
  readonly offset: string;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** The header of a mark: a record that is no letter and settles one. */
export const DEAD_LETTER_SETTLED = 'dlq-settled';
const LONGEST_REASON = 2_000;

/** Where a message lay that is put aside. Without a partition it was not read from there just now: it had been kept. */
export interface LetterOrigin {
  readonly topic: string;
  readonly partition?: number;
  readonly offset?: string | number | bigint;
}

/**
 * The header of a letter that would not fit into its topic whole, and what it lacks, as JSON: `size` and `sha256` of the
 * value and how many bytes of it are `kept`, `keySize` when the key is left out, `headers` how many headers are.
 */
export const DEAD_LETTER_STRIPPED = 'dlq-stripped';

/** A letter that was stripped cannot be sent again, because the whole message is no longer where it came from. */
export class StrippedDeadLetterError extends SkaldError {
  readonly code = 'dead_letter_stripped';
}

/** The headers that a dead letter gets beside its own: why it was put aside, in at most 2,000 characters, and from where. */
export function deadLetterHeaders(
  { topic, partition, offset }: LetterOrigin,
  why: { readonly code: string; readonly reason: string },
  time: string,
): Record<string, string> {
  return {
    'dlq-code': why.code,
    'dlq-reason': shortened(why.reason, LONGEST_REASON),
    'dlq-topic': topic,
    ...(partition !== undefined && { 'dlq-partition': String(partition) }),
    ...(offset !== undefined && { 'dlq-offset': String(offset) }),
    'dlq-time': time,
  };
}

/** The topics that have a dead-letter topic among these, as far as a query asks for them. */
export function deadLetteredTopics(
  names: readonly string[],
  { namespace, topic }: Pick<DeadLetterQuery, 'namespace' | 'topic'>,
): string[] {
  const suffix = topics.deadLetters('');
  return names
    .filter((name) => name.startsWith(`${namespace}.`) && name.endsWith(suffix))
    .map((name) => name.slice(0, -suffix.length))
    .filter((name) => topic === undefined || name === topic);
}

/** The headers of a mark that settles a letter. */
export function settlingHeaders(
  { partition, offset }: DeadLetterPlace,
  how: 'resent' | 'dropped',
  time: string,
): Record<string, string> {
  return { [DEAD_LETTER_SETTLED]: `${partition}/${offset}`, 'dlq-settled-as': how, 'dlq-time': time };
}

/** Which letter a mark settles. @param mark what its header `DEAD_LETTER_SETTLED` says */
export function settledPlace(mark: string): { readonly partition: number; readonly offset: number } {
  const [partition = -1, offset = -1] = mark.split('/', 2).map(Number);
  return { partition, offset };
}

/** The headers that the message had before it was put aside. */
export function originalHeaders<T>(headers: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('dlq-')));
}

/** Finds the open letters of one topic: give it all records of the dead-letter topic, in any order. */
export class OpenDeadLetters<R extends DeadLetterRecord = DeadLetterRecord> {
  private readonly letters = new Map<string, R>();
  private readonly settled = new Set<string>();

  constructor(private readonly topic: string) {}

  add(record: R): void {
    const settles = record.headers[DEAD_LETTER_SETTLED];
    if (settles === undefined) this.letters.set(`${record.partition}/${record.offset}`, record);
    else this.settled.add(settles);
  }

  record({ partition, offset }: DeadLetterPlace): R | undefined {
    const place = `${partition}/${offset}`;
    return this.settled.has(place) ? undefined : this.letters.get(place);
  }

  entries(): DeadLetterEntry[] {
    return [...this.letters].flatMap(([place, record]) =>
      this.settled.has(place) ? [] : [this.entryOf(record)],
    );
  }

  entryOf(record: R): DeadLetterEntry {
    return deadLetterEntry(this.topic, record);
  }
}

/** What is listed of a letter. @param topic that its message was sent to */
export function deadLetterEntry(
  topic: string,
  { partition, offset, key, headers }: DeadLetterRecord,
): DeadLetterEntry {
  const origin = { partition: Number(headers['dlq-partition']), offset: headers['dlq-offset'] ?? '' };
  return {
    topic,
    partition,
    offset,
    code: headers['dlq-code'] ?? 'unknown',
    reason: headers['dlq-reason'] ?? '',
    time: headers['dlq-time'] ?? '',
    key,
    origin: origin.offset === '' ? undefined : { partition: origin.partition, offset: origin.offset },
  };
}

/** Puts the letters of several topics together, newest first. */
export function deadLetterPage(entries: readonly DeadLetterEntry[], limit: number): DeadLetterPage {
  const newestFirst = entries.toSorted((a, b) => b.time.localeCompare(a.time) || byOffset(b, a));
  return { letters: newestFirst.slice(0, limit), total: entries.length };
}

function byOffset(a: DeadLetterEntry, b: DeadLetterEntry): number {
  return Number(BigInt(a.offset) - BigInt(b.offset));
}
