import type { IHeaders, KafkaMessage } from 'kafkajs';

/** Attributes of a batch that is compressed, or belongs to a transaction, or steers one. */
const UNUSUAL = 0x37;
const LOG_APPEND_TIME = 0x08;
const MAGIC = 2;
/** Of a batch, from its beginning to the field. */
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
const FIRST_TIMESTAMP_AT = 27;
const MAX_TIMESTAMP_AT = 35;
const PRODUCER_ID_AT = 43;
const PRODUCER_EPOCH_AT = 51;
const FIRST_SEQUENCE_AT = 53;
const COUNT_AT = 57;
const RECORDS_AT = 61;
/** A batch begins with its first offset and the length of what follows. */
const LENGTH_AT = 8;
const BEFORE_LENGTH_ENDS = 12;

/** What kafkajs makes of a response to a Fetch request, version 11. */
export interface FetchResponse {
  readonly throttleTime: number;
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly sessionId: number;
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly FetchedPartition[];
  }[];
}

export interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly lastStartOffset: string;
  readonly abortedTransactions: readonly [];
  readonly preferredReadReplica: number;
  readonly messages: readonly KafkaMessage[];
}

/**
 * Reads a response to a Fetch request, version 11.
 *
 * @returns nothing when there is something in it that our own producers never make
 * @see https://kafka.apache.org/protocol.html#The_Messages_Fetch
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export function decodeFetch(buffer: Buffer): FetchResponse | undefined {
  try {
    return readResponse(new Reader(buffer));
  } catch {
    // Whatever it stumbles over, kafkajs reads it or says what is wrong.
    return undefined;
  }
}

class UnusualError extends Error {}

function readResponse(reader: Reader): FetchResponse {
  const clientSideThrottleTime = reader.int32();
  const errorCode = reader.int16();
  const sessionId = reader.int32();
  const responses = reader.array(() => ({
    topicName: reader.text(),
    partitions: reader.array(() => readPartition(reader)),
  }));
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
}

function readPartition(reader: Reader): FetchedPartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  const lastStableOffset = reader.int64();
  const lastStartOffset = reader.int64();
  if (reader.int32() > 0) throw new UnusualError('aborted transactions');
  const preferredReadReplica = reader.int32();
  const length = reader.int32();
  const messages = readBatches(reader, reader.at, reader.at + Math.max(0, length));
  return {
    partition,
    errorCode,
    highWatermark: String(highWatermark),
    lastStableOffset: String(lastStableOffset),
    lastStartOffset: String(lastStartOffset),
    abortedTransactions: [],
    preferredReadReplica,
    messages,
  };
}

/** The last batch may be cut off by the bound on a response; it comes whole next time. */
function readBatches(reader: Reader, from: number, end: number): KafkaMessage[] {
  const { buffer } = reader;
  const messages: KafkaMessage[] = [];
  for (let at = from; at + RECORDS_AT <= end;) {
    const next = at + BEFORE_LENGTH_ENDS + buffer.readInt32BE(at + LENGTH_AT);
    if (next > end) break;
    readBatch(reader, at, messages);
    if (reader.at !== next) throw new UnusualError('the records end elsewhere than their batch');
    at = next;
  }
  reader.at = end;
  return messages;
}

function readBatch(reader: Reader, at: number, messages: KafkaMessage[]): void {
  const { buffer } = reader;
  const attributes = buffer.readInt16BE(at + ATTRIBUTES_AT);
  if (buffer.readInt8(at + MAGIC_AT) !== MAGIC || (attributes & UNUSUAL) !== 0) {
    throw new UnusualError('an old format, compression or a transaction');
  }
  const firstOffset = reader.int64At(at);
  const firstTimestamp = reader.int64At(at + FIRST_TIMESTAMP_AT);
  const maxTimestamp = reader.int64At(at + MAX_TIMESTAMP_AT);
  const isAppendTime = (attributes & LOG_APPEND_TIME) !== 0;
  const batchContext = {
    firstOffset: String(firstOffset),
    firstTimestamp: String(firstTimestamp),
    partitionLeaderEpoch: buffer.readInt32BE(at + BEFORE_LENGTH_ENDS),
    inTransaction: false,
    isControlBatch: false,
    lastOffsetDelta: buffer.readInt32BE(at + LAST_OFFSET_DELTA_AT),
    producerId: String(reader.int64At(at + PRODUCER_ID_AT)),
    producerEpoch: buffer.readInt16BE(at + PRODUCER_EPOCH_AT),
    firstSequence: buffer.readInt32BE(at + FIRST_SEQUENCE_AT),
    maxTimestamp: String(maxTimestamp),
    timestampType: isAppendTime ? 1 : 0,
    magicByte: MAGIC,
  };
  reader.at = at + RECORDS_AT;
  for (let left = buffer.readInt32BE(at + COUNT_AT); left > 0; left -= 1) {
    const end = reader.varint() + reader.at;
    const attributes = reader.int8();
    const timestampDelta = reader.varint();
    const offsetDelta = reader.varint();
    const message = {
      magicByte: MAGIC,
      attributes,
      timestamp: String(isAppendTime ? maxTimestamp : firstTimestamp + timestampDelta),
      offset: String(firstOffset + offsetDelta),
      key: reader.varBytes(),
      value: reader.varBytes(),
      headers: readHeaders(reader),
      isControlRecord: false,
      batchContext,
    };
    if (reader.at !== end) throw new UnusualError('a record ends elsewhere than it says');
    messages.push(message);
  }
}

function readHeaders(reader: Reader): IHeaders {
  const headers: IHeaders = {};
  for (let left = reader.varint(); left > 0; left -= 1) {
    const name = reader.varBytes()?.toString() ?? '';
    // kafkajs takes for an earlier value what every object inherits.
    if (name in Object.prototype) throw new UnusualError('a header that every object has');
    const value = reader.varBytes();
    if (value === null) throw new UnusualError('a header without a value');
    const present = headers[name];
    if (present === undefined) headers[name] = value;
    else headers[name] = Array.isArray(present) ? [...present, value] : [present, value];
  }
  return headers;
}

class Reader {
  at = 0;

  constructor(readonly buffer: Buffer) {}

  int8(): number {
    return this.buffer.readInt8(this.at++);
  }

  int16(): number {
    this.at += 2;
    return this.buffer.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.buffer.readInt32BE(this.at - 4);
  }

  int64(): number {
    this.at += 8;
    return this.int64At(this.at - 8);
  }

  int64At(at: number): number {
    const number = this.buffer.readInt32BE(at) * 2 ** 32 + this.buffer.readUInt32BE(at + 4);
    if (!Number.isSafeInteger(number)) throw new UnusualError('a number beyond 2^53');
    return number;
  }

  /** Zigzag, of up to 32 bits. */
  varint(): number {
    let number = 0;
    for (let shift = 0; shift < 32; shift += 7) {
      const byte = this.buffer.readUInt8(this.at++);
      number |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) break;
        return (number >>> 1) ^ -(number & 1);
      }
    }
    throw new UnusualError('a number of more than 32 bits');
  }

  varBytes(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    this.at += length;
    if (this.at > this.buffer.length) throw new UnusualError('it ends too early');
    return this.buffer.subarray(this.at - length, this.at);
  }

  text(): string {
    const length = this.int16();
    if (length < 0) throw new UnusualError('a text that is none');
    this.at += length;
    return this.buffer.toString('utf8', this.at - length, this.at);
  }

  array<T>(read: () => T): T[] {
    const all: T[] = [];
    for (let left = this.int32(); left > 0; left -= 1) all.push(read());
    return all;
  }
}
