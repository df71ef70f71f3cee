import type { Message as KafkaRecord } from 'kafkajs';

const MAGIC = 2;
/** From the batch's beginning to its first record. */
const BATCH_OVERHEAD = 61;
/** From the batch's beginning to what the checksum covers. */
const CHECKED_FROM = 21;
const LENGTH_AT = 8;
const CHECKSUM_AT = 17;
const NONE = -1;

type Bytes = Buffer | string | null | undefined;

/** What goes to one partition. */
export interface PartitionRecords {
  readonly partition: number;
  readonly messages: readonly KafkaRecord[];
}

export interface TopicRecords {
  readonly topic: string;
  readonly partitions: readonly PartitionRecords[];
}

/**
 * Writes the body of a Produce request, versions 3 to 8, into one buffer.
 *
 * @see https://kafka.apache.org/protocol.html#The_Messages_Produce
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export function encodeProduce(
  acks: number,
  timeoutMs: number,
  topics: readonly TopicRecords[],
  now = Date.now(),
): Buffer {
  const sized = topics.map(({ topic, partitions }) => ({ topic, batches: partitions.map(measure) }));
  const writer = new Writer(requestSize(sized));
  writer.int16(NONE); // no transaction
  writer.int16(acks);
  writer.int32(timeoutMs);
  writer.int32(sized.length);
  for (const { topic, batches } of sized) {
    writer.int16(Buffer.byteLength(topic));
    writer.bytes(topic);
    writer.int32(batches.length);
    for (const batch of batches) {
      writer.int32(batch.partition);
      writer.int32(batch.size);
      writeBatch(writer, batch, now);
    }
  }
  return writer.buffer;
}

interface Batch extends PartitionRecords {
  /** Bytes of each record behind its own length. */
  readonly sizes: readonly number[];
  /** Bytes of the whole batch. */
  readonly size: number;
}

function measure({ partition, messages }: PartitionRecords): Batch {
  const sizes = messages.map(recordSize);
  const size = sizes.reduce((sum, record) => sum + varintSize(record) + record, BATCH_OVERHEAD);
  return { partition, messages, sizes, size };
}

function requestSize(
  topics: readonly { readonly topic: string; readonly batches: readonly Batch[] }[],
): number {
  let size = 2 + 2 + 4 + 4;
  for (const { topic, batches } of topics) {
    size += 2 + Buffer.byteLength(topic) + 4;
    for (const batch of batches) size += 4 + 4 + batch.size;
  }
  return size;
}

function recordSize({ key, value, headers }: KafkaRecord, offsetDelta: number): number {
  let size = 1 + 1 + varintSize(offsetDelta) + varBytesSize(key) + varBytesSize(value);
  size += varintSize(headerCount(headers));
  for (const name in headers) {
    for (const one of valuesOf(headers[name])) size += varBytesSize(name) + varBytesSize(one);
  }
  return size;
}

function writeBatch(writer: Writer, { messages, sizes, size }: Batch, now: number): void {
  const start = writer.at;
  writer.int64(0); // the broker gives the offsets
  writer.int32(size - LENGTH_AT - 4);
  writer.int32(NONE); // leader epoch
  writer.int8(MAGIC);
  writer.int32(0); // checksum
  writer.int16(0); // no compression, no transaction
  writer.int32(messages.length - 1);
  writer.int64(now);
  writer.int64(now);
  writer.int64(NONE); // no idempotent producer
  writer.int16(NONE);
  writer.int32(NONE);
  writer.int32(messages.length);
  for (const [index, message] of messages.entries()) {
    writer.varint(sizes[index] ?? 0);
    writeRecord(writer, message, index);
  }
  const checksum = crc32c(writer.buffer, start + CHECKED_FROM, writer.at);
  writer.buffer.writeUInt32BE(checksum, start + CHECKSUM_AT);
}

function writeRecord(writer: Writer, { key, value, headers }: KafkaRecord, offsetDelta: number): void {
  writer.int8(0);
  writer.varint(0); // all of a batch are of the same time
  writer.varint(offsetDelta);
  writer.varBytes(key);
  writer.varBytes(value);
  writer.varint(headerCount(headers));
  for (const name in headers) {
    for (const one of valuesOf(headers[name])) {
      writer.varBytes(name);
      writer.varBytes(one);
    }
  }
}

function headerCount(headers: KafkaRecord['headers']): number {
  let count = 0;
  for (const name in headers) count += valuesOf(headers[name]).length;
  return count;
}

function valuesOf(header: Bytes | readonly Bytes[]): readonly Bytes[] {
  return isList(header) ? header : [header];
}

function isList(header: Bytes | readonly Bytes[]): header is readonly Bytes[] {
  return Array.isArray(header);
}

function varBytesSize(value: Bytes): number {
  if (value === null || value === undefined) return 1;
  const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
  return varintSize(length) + length;
}

function varintSize(value: number): number {
  const bits = 32 - Math.clz32(zigzag(value));
  return bits === 0 ? 1 : Math.ceil(bits / 7);
}

function zigzag(value: number): number {
  return (value << 1) ^ (value >> 31);
}

class Writer {
  readonly buffer: Buffer;
  at = 0;

  constructor(size: number) {
    this.buffer = Buffer.allocUnsafe(size);
  }

  int8(value: number): void {
    this.at = this.buffer.writeInt8(value, this.at);
  }

  int16(value: number): void {
    this.at = this.buffer.writeInt16BE(value, this.at);
  }

  int32(value: number): void {
    this.at = this.buffer.writeInt32BE(value, this.at);
  }

  int64(value: number): void {
    this.at = this.buffer.writeBigInt64BE(BigInt(value), this.at);
  }

  varint(value: number): void {
    let rest = zigzag(value);
    while ((rest & ~0x7f) !== 0) {
      this.buffer[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.at++] = rest;
  }

  bytes(value: Buffer | string): void {
    this.at +=
      typeof value === 'string' ? this.buffer.write(value, this.at) : value.copy(this.buffer, this.at);
  }

  varBytes(value: Bytes): void {
    if (value === null || value === undefined) return this.varint(NONE);
    this.varint(typeof value === 'string' ? Buffer.byteLength(value) : value.length);
    this.bytes(value);
  }
}

/** Castagnoli's polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78;
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
  }
  return remainder;
});

function crc32c(buffer: Buffer, from: number, to: number): number {
  let checksum = -1;
  for (let at = from; at < to; at += 1) {
    checksum = (TABLE[(checksum ^ (buffer[at] ?? 0)) & 0xff] ?? 0) ^ (checksum >>> 8);
  }
  return ~checksum >>> 0;
}
