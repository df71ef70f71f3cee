import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { IHeaders, Message as KafkaRecord } from 'kafkajs';
import { encodeProduce } from './record-batch.js';

interface Decoder {
  readInt16(): number;
  readInt32(): number;
  readString(): string | null;
}
interface DecodedRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
}

/* kafkajs's own decoder reads what was written; it is the one that consumers use. */
const require = createRequire(import.meta.url);
const KafkaDecoder = require('kafkajs/src/protocol/decoder.js') as new (buffer: Buffer) => Decoder;
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder.js') as (
  decoder: Decoder,
) => Promise<{ records: DecodedRecord[] }>;
const crc32c = require('kafkajs/src/protocol/recordBatch/crc32C/index.js') as (buffer: Buffer) => number;

const NOW = 1_763_600_000_000;

async function decode(buffer: Buffer): Promise<Map<string, DecodedRecord[]>> {
  const decoder = new KafkaDecoder(buffer);
  expect([decoder.readInt16(), decoder.readInt16(), decoder.readInt32()]).toEqual([-1, -1, 5_000]);
  const decoded = new Map<string, DecodedRecord[]>();
  for (let topics = decoder.readInt32(); topics > 0; topics -= 1) {
    const topic = decoder.readString();
    for (let partitions = decoder.readInt32(); partitions > 0; partitions -= 1) {
      const partition = decoder.readInt32();
      decoder.readInt32();
      decoded.set(`${topic}/${partition}`, (await decodeBatch(decoder)).records);
    }
  }
  return decoded;
}

const bytes = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all)),
);
const record: fc.Arbitrary<KafkaRecord> = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(
    // kafkajs's decoder takes for a header's earlier value what every object inherits.
    fc.string({ minLength: 1 }).filter((name) => !(name in {})),
    fc.oneof(bytes, fc.array(bytes, { minLength: 2, maxLength: 3 })),
    { maxKeys: 3 },
  ),
});

function asBuffer(value: KafkaRecord['value'] | undefined): Buffer | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? Buffer.from(value) : value;
}

describe('a Produce request', () => {
  it('is read by kafkajs as it was meant', async () => {
    const partition = fc.array(record, { minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.array(partition, { minLength: 1, maxLength: 3 }), async (partitions) => {
        const topics = [
          {
            topic: 'shop.orders',
            partitions: partitions.map((messages, index) => ({ partition: index, messages })),
          },
          { topic: 'größe', partitions: [{ partition: 7, messages: [{ value: 'x' }] }] },
        ];
        const decoded = await decode(encodeProduce(-1, 5_000, topics, NOW));

        for (const { topic, partitions: all } of topics) {
          for (const { partition: number, messages } of all) {
            expect(decoded.get(`${topic}/${number}`)).toEqual(
              messages.map((message, index) =>
                expect.objectContaining({
                  offset: String(index),
                  timestamp: String(NOW),
                  key: asBuffer('key' in message ? message.key : null),
                  value: asBuffer(message.value),
                  headers: Object.fromEntries(
                    Object.entries(('headers' in message && message.headers) || {}).map(([name, value]) => [
                      name,
                      Array.isArray(value) ? value.map(asBuffer) : asBuffer(value as string),
                    ]),
                  ),
                }),
              ),
            );
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('has the checksum that brokers compute', () => {
    const messages = [{ key: 'saga-1', value: Buffer.from('{}'), headers: { a: 'b' } }];
    const buffer = encodeProduce(-1, 5_000, [{ topic: 't', partitions: [{ partition: 0, messages }] }], NOW);
    const batch = buffer.subarray(2 + 2 + 4 + 4 + 2 + 1 + 4 + 4 + 4);
    expect(batch.readUInt32BE(17)).toBe(crc32c(batch.subarray(21)));
  });
});
