import { createRequire } from 'node:module';
import { CompressionTypes } from 'kafkajs';
import { encodeProduce, type TopicRecords } from './record-batch.js';

/*
 * kafkajs makes a buffer of 512 bytes for each record and each header of it and copies them together several times, which
 * was the largest part of what a saga cost the orchestrator. Its requests are objects that are looked up each time, so the
 * one for Produce can be given another way to write its bytes; all else of it stays. Whatever is not what it is known to
 * be (kafkajs 2.2.4, which is its last version) is left as it is.
 */

interface ProduceData {
  readonly acks: number;
  readonly timeout: number;
  readonly transactionalId?: string | null;
  readonly producerId?: unknown;
  readonly compression?: CompressionTypes;
  readonly topicData: readonly TopicRecords[];
}

interface Encoded {
  buf: Buffer;
  offset: number;
}

interface Protocol {
  readonly request: { readonly apiVersion: number; readonly encode: () => Promise<Encoded> };
  readonly response: unknown;
}

interface ProduceRequests {
  protocol: (lookup: { version: number }) => (data: ProduceData) => Protocol;
}

/** The versions that are written alike. */
const FIRST_VERSION = 3;
const LAST_VERSION = 8;
/** What kafkajs gives for a producer that is not idempotent. */
const NO_PRODUCER = -1;

const require = createRequire(import.meta.url);
let isDone = false;

/** Makes all producers of this process write their requests in one go. */
export function quickenProduce(): void {
  if (isDone) return;
  isDone = true;
  const requests = require('kafkajs/src/protocol/requests/produce/index.js') as ProduceRequests;
  const Encoder = require('kafkajs/src/protocol/encoder.js') as new (size: number) => Encoded;
  const original = requests.protocol;
  requests.protocol = (lookup) => (data) => {
    const { request, response } = original(lookup)(data);
    if (!isPlain(data, request.apiVersion)) return { request, response };
    const encode = (): Promise<Encoded> => {
      const buffer = encodeProduce(data.acks, data.timeout, data.topicData);
      return Promise.resolve(Object.assign(new Encoder(1), { buf: buffer, offset: buffer.length }));
    };
    return { request: { ...request, encode }, response };
  };
}

/** Another producer of this process may want more than ours do: idempotence, compression, times of its own. */
function isPlain(data: ProduceData, version: number): boolean {
  const { transactionalId = null, producerId = NO_PRODUCER, compression = CompressionTypes.None } = data;
  return (
    version >= FIRST_VERSION &&
    version <= LAST_VERSION &&
    transactionalId === null &&
    producerId === NO_PRODUCER &&
    compression === CompressionTypes.None &&
    data.topicData.every(({ partitions }) =>
      partitions.every(({ messages }) => messages.every(({ timestamp }) => timestamp === undefined)),
    )
  );
}
