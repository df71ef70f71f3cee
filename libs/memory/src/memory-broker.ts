import { shortened, SkaldError } from '@skald/core';
import { isTopicName, type ProgressSample, type RefusedMessage } from '@skald/ports';
import { MemoryGroup } from './memory-group.js';
import { PartitionLog } from './partition-log.js';

/** A topic was never created with `ensureTopics()`. */
export class UnknownMemoryTopicError extends SkaldError {
  readonly code = 'unknown_topic';

  constructor(readonly topic: string) {
    super(`The topic '${topic}' does not exist. Create it with ensureTopics() before it is used.`);
  }
}

/** An option of the broker or of a consumer is wrong. */
export class MemoryOptionsError extends SkaldError {
  readonly code = 'invalid_memory_options';

  constructor(
    readonly option: string,
    problem: string,
  ) {
    super(`Memory transport option '${option}': ${problem}`);
  }
}

export interface MemoryBrokerOptions {
  /** Partitions of each topic; dead-letter topics have one. At least 1, default 4. */
  readonly partitions?: number;
  /** How many messages each partition keeps after all groups have confirmed them. 0 or more, default 10 000. */
  readonly keep?: number;
  /** The longest value of a message that a transport may send, in bytes of UTF-8. At least 1, default 1 048 576 as in Kafka. */
  readonly maximumBytes?: number;
}

/** What a sender gives. The value is text, usually JSON, as it would be on a wire. */
export interface MemoryRecord {
  readonly key: string | null;
  readonly value: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the broker stores. */
export interface StoredRecord extends MemoryRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Number over all topics, in order of arrival. */
  readonly sequence: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Keeps topics and groups in memory. Transports that share one behave as processes that share a Kafka cluster. */
export class MemoryBroker {
  private readonly topics = new Map<string, PartitionLog[]>();
  private readonly groups = new Map<string, MemoryGroup>();
  private readonly partitions: number;
  private readonly keep: number;
  private readonly maximumBytes: number;
  private sequence = 0;

  /** @throws MemoryOptionsError */
  constructor(options: MemoryBrokerOptions = {}) {
    this.partitions = wholeNumber('partitions', options.partitions ?? 4, 1);
    this.keep = wholeNumber('keep', options.keep ?? 10_000, 0);
    this.maximumBytes = wholeNumber('maximumBytes', options.maximumBytes ?? 1_048_576, 1);
  }

  /** Creates the topic unless it is there. */
  create(topic: string, partitions = this.partitions): void {
    if (this.topics.has(topic)) return;
    this.topics.set(
      topic,
      Array.from({ length: partitions }, (_, partition) => new PartitionLog(topic, partition)),
    );
  }

  /** Why a message with this value can never be sent to the topic, if so. */
  refusal(topic: string, value: string): Pick<RefusedMessage, 'code' | 'reason'> | undefined {
    if (!isTopicName(topic)) {
      return { code: 'invalid_topic', reason: `'${shortened(topic, 249)}' can be no topic's name` };
    }
    if (!this.topics.has(topic)) {
      return { code: 'unknown_topic', reason: `the topic '${shortened(topic, 249)}' does not exist` };
    }
    // A character has at most three bytes.
    const isSurelySmall = 3 * value.length <= this.maximumBytes;
    const bytes = isSurelySmall ? 0 : new TextEncoder().encode(value).length;
    if (bytes <= this.maximumBytes) return undefined;
    return {
      code: 'too_large',
      reason: `a message to '${topic}' has ${bytes} of ${this.maximumBytes} bytes`,
    };
  }

  /**
   * Stores records of any shape, as any client of a broker could.
   *
   * @throws UnknownMemoryTopicError when one of the topics is missing; nothing is stored then
   */
  append(records: readonly (MemoryRecord & { readonly topic: string })[]): void {
    const targets = records.map((record) => ({ record, partition: this.partitionFor(record) }));
    for (const { record, partition } of targets) {
      this.sequence += 1;
      partition.append(record, this.sequence);
    }
    for (const group of this.groups.values()) group.wake();
  }

  topicNames(): string[] {
    return [...this.topics.keys()];
  }

  /** What is kept of a topic, in order of arrival. */
  messages(topic: string): StoredRecord[] {
    return this.partitionsOf(topic)
      .flatMap((partition) => partition.read(0, Number.POSITIVE_INFINITY))
      .toSorted((a, b) => a.sequence - b.sequence);
  }

  /** @throws UnknownMemoryTopicError */
  partitionsOf(topic: string): readonly PartitionLog[] {
    const partitions = this.topics.get(topic);
    if (partitions === undefined) throw new UnknownMemoryTopicError(topic);
    return partitions;
  }

  group(name: string): MemoryGroup {
    const known = this.groups.get(name);
    if (known !== undefined) return known;
    const group = new MemoryGroup((partition) => this.trim(partition));
    this.groups.set(name, group);
    return group;
  }

  /** Where everything stands now of a group in a topic, offsets by partition; undefined when there is no such topic. */
  standOf(group: string, topic: string): Pick<ProgressSample, 'ends' | 'confirmed'> | undefined {
    const partitions = this.topics.get(topic);
    const known = this.groups.get(group);
    return (
      partitions && {
        ends: partitions.map(({ end }) => end),
        confirmed: partitions.map((partition) => known?.progressIn(partition)),
      }
    );
  }

  private partitionFor(record: MemoryRecord & { readonly topic: string }): PartitionLog {
    const partitions = this.partitionsOf(record.topic);
    const { length } = partitions;
    const index = record.key === null ? this.sequence % length : partitionOf(record.key, length);
    const partition = partitions[index];
    if (partition === undefined) throw new UnknownMemoryTopicError(record.topic);
    return partition;
  }

  private trim(partition: PartitionLog): void {
    let confirmed = partition.end;
    for (const group of this.groups.values()) {
      confirmed = Math.min(confirmed, group.confirmedIn(partition) ?? partition.end);
    }
    partition.forget(confirmed, this.keep);
  }
}

export function wholeNumber(option: string, value: number, minimum: number): number {
  if (Number.isInteger(value) && value >= minimum) return value;
  throw new MemoryOptionsError(option, `${value} is not allowed; use a whole number from ${minimum}`);
}

/** Where messages of a key lie, among so many partitions. */
export function partitionOf(key: string, partitions: number): number {
  return hash(key) % partitions;
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return value >>> 0;
}
