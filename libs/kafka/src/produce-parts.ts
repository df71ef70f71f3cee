import type { Message as KafkaRecord } from 'kafkajs';

/** Below a broker's own bound for what goes to one partition at a time (`message.max.bytes`, 1 MiB). */
const MOST_BYTES = 900_000;
/** What a record costs besides key and value, generously. */
const RECORD_OVERHEAD = 200;

export interface TopicRecord {
  readonly topic: string;
  readonly record: KafkaRecord;
}

/** What could not be made a record. */
export interface UnwritableRecord {
  readonly topic: string;
  readonly record: undefined;
}

/** Parts that a broker takes in one request whatever their partitions are. Only a single record may be larger. */
export function inParts(records: readonly TopicRecord[]): TopicRecord[][] {
  const parts: TopicRecord[][] = [];
  let bytes = MOST_BYTES;
  for (const one of records) {
    const size = sizeOf(one);
    bytes += size;
    if (bytes > MOST_BYTES) {
      parts.push([]);
      bytes = size;
    }
    parts.at(-1)?.push(one);
  }
  return parts;
}

/** About what a record costs on its way, without its headers. */
export function sizeOf({ record: { key, value } }: TopicRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0) + RECORD_OVERHEAD;
}

export function byTopic(records: readonly TopicRecord[]): { topic: string; messages: KafkaRecord[] }[] {
  const byTopic = new Map<string, KafkaRecord[]>();
  for (const { topic, record } of records) {
    const ofTopic = byTopic.get(topic);
    if (ofTopic === undefined) byTopic.set(topic, [record]);
    else ofTopic.push(record);
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}
