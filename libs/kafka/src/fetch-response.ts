import { shortened } from '@skald/core';
import type { IHeaders, KafkaMessage } from 'kafkajs';
import { COMPRESSIONS, MOST_UNPACKED_BYTES, unpack } from './codecs.js';
import { FetchReader, UnusualError } from './fetch-reader.js';

const COMPRESSION = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
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

/** A record with more is not read: tracing needs a handful, and each costs time again and again. */
const MOST_HEADERS = 100;
const MOST_HEADER_BYTES = 65_536;

/** What a record takes in memory besides its key, value and headers, about. */
const RECORD_COST = 600;
/** What a header takes besides its name and value. */
const HEADER_COST = 150;
/**
 * What the records of one response may take besides what came over the wire: a record may be 7 bytes there, and fewer where it
 * is packed. A response of common size stays far below.
 */
const MOST_RECORD_BYTES = 64 * 1024 * 1024;

/** What kafkajs tells of the batch of a record. */
interface RecordBatchContext {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly partitionLeaderEpoch: number;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly maxTimestamp: string;
  readonly timestampType: number;
  readonly magicByte: number;
}

/** Why a record cannot be read as it was written. */
export interface RecordProblem {
  readonly code: 'undecodable' | 'malformed_message';
  readonly reason: string;
}

/** A record as kafkajs would give it, or what stands for records that cannot be read. */
export type FetchedMessage = KafkaMessage & {
  readonly problem?: RecordProblem;
  readonly isControlRecord?: boolean;
  /** Of the whole record, headers and all. Absent where kafkajs has read it. */
  readonly bytes?: number;
};

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
  readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[];
  readonly preferredReadReplica: number;
  readonly messages: readonly FetchedMessage[];
}

/**
 * Reads a response to a Fetch request, version 11. A batch that cannot be read becomes a single record with a `problem`,
 * whose value is the batch as it is.
 *
 * Records of one response take no more than about 100 MB, however small or well packed they are: what is beyond is left out, and
 * comes with the next response. kafkajs asks for the partitions in another order each time, so none waits for ever.
 *
 * @param startOf the offset from which on a partition was asked for: what lies before it, in a batch that comes whole, is
 *   passed over, so that a batch may be taken in parts
 * @returns nothing when there is something in it that no broker of this decade sends
 * @see https://kafka.apache.org/protocol.html#The_Messages_Fetch
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export function decodeFetch(
  buffer: Buffer,
  startOf: (topic: string, partition: number) => number = () => 0,
): FetchResponse | undefined {
  const budget = { unpacked: MOST_UNPACKED_BYTES / 2, records: MOST_RECORD_BYTES };
  try {
    return readResponse(new FetchReader(buffer), budget, startOf);
  } catch {
    // Whatever it stumbles over, kafkajs reads it or says what is wrong.
    return undefined;
  }
}

/** What may yet be taken of a response; what is left out comes with the next. */
interface Budget {
  /** Bytes that are unpacked. */
  unpacked: number;
  /** Bytes that records take besides those that came. */
  records: number;
}

function readResponse(
  reader: FetchReader,
  budget: Budget,
  startOf: (topic: string, partition: number) => number,
): FetchResponse {
  const clientSideThrottleTime = reader.int32();
  const errorCode = reader.int16();
  const sessionId = reader.int32();
  const responses = reader.array(() => {
    const topicName = reader.text();
    const start = (partition: number): number => startOf(topicName, partition);
    return { topicName, partitions: reader.array(() => readPartition(reader, budget, start)) };
  });
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
}

function readPartition(
  reader: FetchReader,
  budget: Budget,
  startOf: (partition: number) => number,
): FetchedPartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  const lastStableOffset = reader.int64();
  const lastStartOffset = reader.int64();
  const abortedTransactions = reader.array(() => ({
    producerId: reader.int64(),
    firstOffset: reader.int64(),
  }));
  const preferredReadReplica = reader.int32();
  const length = reader.int32();
  const messages = readBatches(reader, reader.at + Math.max(0, length), budget, startOf(partition));
  return {
    partition,
    errorCode,
    highWatermark,
    lastStableOffset,
    lastStartOffset,
    abortedTransactions,
    preferredReadReplica,
    messages,
  };
}

/** The last batch may be cut off by the bound on a response; it comes whole next time. */
function readBatches(reader: FetchReader, end: number, budget: Budget, start: number): FetchedMessage[] {
  const { buffer } = reader;
  const messages: FetchedMessage[] = [];
  for (let at = reader.at; at + RECORDS_AT <= end && budget.unpacked > 0 && budget.records > 0;) {
    const next = at + BEFORE_LENGTH_ENDS + buffer.readInt32BE(at + LENGTH_AT);
    if (next > end) break;
    if (buffer.readInt8(at + MAGIC_AT) !== MAGIC) throw new UnusualError('an old format');
    if (next < at + RECORDS_AT) throw new UnusualError('a batch that is too short to be one');
    const before = messages.length;
    const batch = buffer.subarray(at, next);
    const context = contextOf(batch);
    try {
      readBatch(batch, context, messages, budget, start);
    } catch (error) {
      messages.length = before;
      messages.push(undecodable(batch, context, error));
    }
    at = next;
  }
  reader.at = end;
  return messages;
}

function contextOf(batch: Buffer): RecordBatchContext {
  const reader = new FetchReader(batch);
  const attributes = batch.readInt16BE(ATTRIBUTES_AT);
  return {
    firstOffset: String(reader.safeInt64At(0)),
    firstTimestamp: String(reader.int64At(FIRST_TIMESTAMP_AT)),
    partitionLeaderEpoch: batch.readInt32BE(BEFORE_LENGTH_ENDS),
    inTransaction: (attributes & TRANSACTIONAL) !== 0,
    isControlBatch: (attributes & CONTROL) !== 0,
    lastOffsetDelta: batch.readInt32BE(LAST_OFFSET_DELTA_AT),
    producerId: String(reader.int64At(PRODUCER_ID_AT)),
    producerEpoch: batch.readInt16BE(PRODUCER_EPOCH_AT),
    firstSequence: batch.readInt32BE(FIRST_SEQUENCE_AT),
    maxTimestamp: String(reader.int64At(MAX_TIMESTAMP_AT)),
    timestampType: (attributes & LOG_APPEND_TIME) === 0 ? 0 : 1,
    magicByte: MAGIC,
  };
}

function readBatch(
  batch: Buffer,
  batchContext: RecordBatchContext,
  messages: FetchedMessage[],
  budget: Budget,
  start: number,
): void {
  const attributes = batch.readInt16BE(ATTRIBUTES_AT);
  const firstOffset = Number(batchContext.firstOffset);
  const firstTimestamp = new FetchReader(batch).int64At(FIRST_TIMESTAMP_AT);
  const isAppendTime = (attributes & LOG_APPEND_TIME) !== 0;
  const { maxTimestamp, isControlBatch } = batchContext;
  const records = recordsOf(batch, attributes & COMPRESSION, budget);
  for (let left = batch.readInt32BE(COUNT_AT); left > 0; left -= 1) {
    const before = records.at;
    const end = records.varint() + records.at;
    const recordAttributes = records.int8();
    const timestampDelta = records.varlong();
    const offset = firstOffset + records.varint();
    // The last one tells kafkajs where the batch ends, if nothing else of it is left.
    if (offset < start && left > 1) {
      if (end < records.at) throw new UnusualError('a record ends elsewhere than it says');
      records.at = end;
      continue;
    }
    const key = records.varBytes();
    const value = records.varBytes();
    const count = records.varint();
    const headers = readHeaders(records, count);
    const message = {
      magicByte: MAGIC,
      attributes: recordAttributes,
      timestamp: isAppendTime ? maxTimestamp : sum(firstTimestamp, timestampDelta),
      offset: String(offset),
      key,
      value,
      headers: headers ?? {},
      isControlRecord: isControlBatch,
      batchContext,
      bytes: end - before,
    };
    budget.records -= RECORD_COST + (headers === undefined ? 0 : Math.max(0, count) * HEADER_COST);
    if (headers === undefined) {
      if (end < records.at || end > records.buffer.length) throw new UnusualError('a record ends elsewhere');
      const reason = `it has more than ${MOST_HEADERS} headers, or more than ${MOST_HEADER_BYTES} bytes of them`;
      messages.push({ ...message, problem: { code: 'malformed_message', reason } });
      records.at = end;
    } else {
      if (records.at !== end) throw new UnusualError('a record ends elsewhere than it says');
      messages.push(message);
    }
    if (budget.records <= 0) return;
  }
  if (!records.isAtEnd) throw new UnusualError('the records end elsewhere than their batch');
}

function recordsOf(batch: Buffer, compression: number, budget: Budget): FetchReader {
  if (compression === 0) {
    const reader = new FetchReader(batch);
    reader.at = RECORDS_AT;
    return reader;
  }
  const left = budget.unpacked;
  // What cannot be unpacked may have taken as long as the largest: the next one waits for the next response.
  budget.unpacked = 0;
  const unpacked = unpack(compression, batch.subarray(RECORDS_AT));
  budget.unpacked = left - unpacked.length;
  return new FetchReader(unpacked);
}

/** Stands for all records of a batch at the place of its last one, so that whoever reads on goes on behind it. */
function undecodable(batch: Buffer, batchContext: RecordBatchContext, error: unknown): FetchedMessage {
  const { firstOffset, lastOffsetDelta, maxTimestamp } = batchContext;
  const lastOffset = Number(firstOffset) + Math.max(0, lastOffsetDelta);
  const compression = COMPRESSIONS[batch.readInt16BE(ATTRIBUTES_AT) & COMPRESSION] ?? 'unknown';
  const text = error instanceof Error ? shortened(error.message, 200) : 'it is broken';
  const message = {
    magicByte: MAGIC,
    attributes: 0,
    timestamp: maxTimestamp,
    offset: String(lastOffset),
    key: null,
    value: batch,
    headers: {},
    isControlRecord: false,
    batchContext,
  };
  const reason =
    `the batch of the records ${firstOffset} to ${lastOffset} (compression: ${compression}) ` +
    `cannot be decoded: ${text}`;
  return { ...message, problem: { code: 'undecodable', reason } };
}

function sum(timestamp: number | bigint, delta: number | bigint): string {
  if (typeof timestamp === 'number' && typeof delta === 'number') return String(timestamp + delta);
  return String(BigInt.asIntN(64, BigInt(timestamp) + BigInt(delta)));
}

/** @returns nothing when they are too many; the reader stands somewhere among them then */
function readHeaders(reader: FetchReader, count: number): IHeaders | undefined {
  if (count > MOST_HEADERS) return undefined;
  const headers: IHeaders = {};
  const start = reader.at;
  for (let left = count; left > 0; left -= 1) {
    const name = reader.varBytes()?.toString() ?? '';
    const value = reader.varBytes() ?? undefined;
    if (reader.at - start > MOST_HEADER_BYTES) return undefined;
    // What every object seems to have is there, too.
    if (headers[name] === undefined && value !== undefined) headers[name] = value;
    else if (name in Object.prototype) addInherited(headers, name, value);
    else addHeader(headers, name, value);
  }
  return headers;
}

function addHeader(headers: IHeaders, name: string, value: Buffer | undefined): void {
  const present = headers[name];
  if (present === undefined || value === undefined) headers[name] = value ?? present;
  else headers[name] = Array.isArray(present) ? [...present, value] : [present, value];
}

/** `constructor` and its like are names as any other, though every object seems to have them. */
function addInherited(headers: IHeaders, name: string, value: Buffer | undefined): void {
  const present = Object.hasOwn(headers, name) ? headers[name] : undefined;
  const own: IHeaders = Object.create(null) as IHeaders;
  if (present !== undefined) own[name] = present;
  addHeader(own, name, value);
  Object.defineProperty(headers, name, {
    value: own[name],
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
