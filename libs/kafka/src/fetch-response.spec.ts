import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Message as KafkaRecord } from 'kafkajs';
import { decodeFetch, type FetchResponse } from './fetch-response.js';
import { encodeProduce } from './record-batch.js';

/* kafkajs's own reading of the same bytes is what ours must give. */
const require = createRequire(import.meta.url);
const kafkajs = require('kafkajs/src/protocol/requests/fetch/v11/response.js') as {
  decode: (data: Buffer) => Promise<FetchResponse>;
};

const NOW = 1_763_600_000_000;
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;

function number(bytes: 2 | 4 | 8, value: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 8) buffer.writeBigInt64BE(BigInt(value));
  else buffer.writeIntBE(value, 0, bytes);
  return buffer;
}

/** A batch as a broker stores it: that of a Produce request, with its place in the log. */
function batch(firstOffset: number, messages: readonly KafkaRecord[]): Buffer {
  const request = encodeProduce(-1, 5_000, [{ topic: 't', partitions: [{ partition: 0, messages }] }], NOW);
  const bytes = Buffer.from(request.subarray(2 + 2 + 4 + 4 + 3 + 4 + 4 + 4));
  bytes.writeBigInt64BE(BigInt(firstOffset));
  return bytes;
}

interface Partition {
  readonly records: Buffer;
  readonly aborted?: boolean;
}

function response(topics: Readonly<Record<string, readonly Partition[]>>): Buffer {
  const all = Object.entries(topics).map(([topic, partitions]) =>
    Buffer.concat([
      number(2, Buffer.byteLength(topic)),
      Buffer.from(topic),
      number(4, partitions.length),
      ...partitions.flatMap(({ records, aborted = false }, index) => [
        number(4, index),
        number(2, 0),
        ...[900, 800, 3].map((offset) => number(8, offset)),
        ...(aborted ? [number(4, 1), number(8, 7), number(8, 5)] : [number(4, -1)]),
        number(4, -1),
        number(4, records.length),
        records,
      ]),
    ]),
  );
  return Buffer.concat([number(4, 25), number(2, 0), number(4, 4711), number(4, all.length), ...all]);
}

const bytes = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all)),
);
const record: fc.Arbitrary<KafkaRecord> = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(
    fc.string({ minLength: 1 }).filter((name) => !(name in {})),
    fc.oneof(bytes, fc.array(bytes, { minLength: 2, maxLength: 3 })),
    { maxKeys: 3 },
  ),
});
const records = fc
  .array(fc.tuple(fc.nat(2 ** 40), fc.array(record, { minLength: 1, maxLength: 70 })), { maxLength: 3 })
  .map((batches) => ({ records: Buffer.concat(batches.map(([first, messages]) => batch(first, messages))) }));

describe('a response to a Fetch request', () => {
  it('is read as kafkajs reads it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(records, { maxLength: 3 }), records, async (many, one) => {
        const buffer = response({ 'shop.orders': many, größe: [one] });
        expect(decodeFetch(buffer)).toEqual(await kafkajs.decode(buffer));
      }),
      { numRuns: 100 },
    );
  });

  it('may be cut off in its last batch, which then comes again', async () => {
    const whole = batch(5, [{ value: 'a' }, { value: 'b' }]);
    const next = batch(7, [{ value: 'c' }]);
    for (let length = 0; length < next.length; length += 1) {
      const buffer = response({ t: [{ records: Buffer.concat([whole, next.subarray(0, length)]) }] });
      const decoded = decodeFetch(buffer);
      expect(decoded).toEqual(await kafkajs.decode(buffer));
      expect(decoded?.responses[0]?.partitions[0]?.messages).toHaveLength(2);
    }
  });

  it("takes the broker's time where the topic wants it", async () => {
    const bytes = batch(5, [{ value: 'a' }]);
    bytes.writeInt16BE(0x08, ATTRIBUTES_AT);
    bytes.writeBigInt64BE(123n, 35);
    const buffer = response({ t: [{ records: bytes }] });
    expect(decodeFetch(buffer)).toEqual(await kafkajs.decode(buffer));
    expect(decodeFetch(buffer)?.responses[0]?.partitions[0]?.messages[0]?.timestamp).toBe('123');
  });

  it.each([
    ['compression', (bytes: Buffer) => bytes.writeInt16BE(0x01, ATTRIBUTES_AT)],
    ['a transaction', (bytes: Buffer) => bytes.writeInt16BE(0x10, ATTRIBUTES_AT)],
    ['a control record', (bytes: Buffer) => bytes.writeInt16BE(0x20, ATTRIBUTES_AT)],
    ['an old format', (bytes: Buffer) => bytes.writeInt8(1, MAGIC_AT)],
    ['an offset beyond 2^53', (bytes: Buffer) => bytes.writeBigInt64BE(2n ** 60n)],
    ['records that do not add up', (bytes: Buffer) => bytes.writeInt32BE(9, 57)],
  ])('is left to kafkajs where there is %s', (_what, change) => {
    const bytes = batch(5, [{ value: 'a' }]);
    change(bytes);
    expect(decodeFetch(response({ t: [{ records: bytes }] }))).toBeUndefined();
  });

  it.each([
    ['aborted transactions', response({ t: [{ records: batch(5, [{ value: 'a' }]), aborted: true }] })],
    [
      'a header that every object has',
      response({ t: [{ records: batch(5, [{ value: '', headers: { valueOf: '' } }]) }] }),
    ],
    ['less than it says', response({ t: [{ records: batch(5, [{ value: 'a' }]) }] }).subarray(0, 60)],
  ])('is left to kafkajs where there is %s', (_what, buffer) => {
    expect(decodeFetch(buffer)).toBeUndefined();
  });
});
