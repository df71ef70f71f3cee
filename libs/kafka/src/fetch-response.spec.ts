import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Message as KafkaRecord } from 'kafkajs';
import { COMPRESSIONS, isWritable, MOST_UNPACKED_BYTES, pack } from './codecs.js';
import { decodeFetch, type FetchedMessage, type FetchResponse } from './fetch-response.js';
import { encodeProduce } from './record-batch.js';

/* kafkajs's own reading of the same bytes is what ours must give. */
const require = createRequire(import.meta.url);
const kafkajs = require('kafkajs/src/protocol/requests/fetch/v11/response.js') as {
  decode: (data: Buffer) => Promise<FetchResponse>;
};

const NOW = 1_763_600_000_000;
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;
const FIRST_TIMESTAMP_AT = 27;
const PRODUCER_ID_AT = 43;
const LENGTH_AT = 8;
const LAST_OFFSET_DELTA_AT = 23;
const COUNT_AT = 57;
const RECORDS_AT = 61;

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
        expect(asKafkajs(decodeFetch(buffer))).toEqual(await kafkajs.decode(buffer));
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
      expect(asKafkajs(decoded)).toEqual(await kafkajs.decode(buffer));
      expect(decoded?.responses[0]?.partitions[0]?.messages).toHaveLength(2);
    }
  });

  it("takes the broker's time where the topic wants it", async () => {
    const bytes = batch(5, [{ value: 'a' }]);
    bytes.writeInt16BE(0x08, ATTRIBUTES_AT);
    bytes.writeBigInt64BE(123n, 35);
    const buffer = response({ t: [{ records: bytes }] });
    expect(asKafkajs(decodeFetch(buffer))).toEqual(await kafkajs.decode(buffer));
    expect(decodeFetch(buffer)?.responses[0]?.partitions[0]?.messages[0]?.timestamp).toBe('123');
  });

  it.each([
    ['a transaction', (bytes: Buffer) => bytes.writeInt16BE(0x10, ATTRIBUTES_AT)],
    ['a control record', (bytes: Buffer) => bytes.writeInt16BE(0x20, ATTRIBUTES_AT)],
    ['a time beyond 2^53', (bytes: Buffer) => bytes.writeBigInt64BE(2n ** 62n, FIRST_TIMESTAMP_AT)],
    ['a time before all others', (bytes: Buffer) => bytes.writeBigInt64BE(-1n, FIRST_TIMESTAMP_AT)],
    ['a producer beyond 2^53', (bytes: Buffer) => bytes.writeBigInt64BE(2n ** 60n, PRODUCER_ID_AT)],
  ])('is read as kafkajs reads it where there is %s', async (_what, change) => {
    const bytes = batch(5, [{ value: 'a' }, { value: 'b' }]);
    change(bytes);
    const buffer = response({ t: [{ records: bytes }] });
    expect(asKafkajs(decodeFetch(buffer))).toEqual(await kafkajs.decode(buffer));
  });

  it('is read as kafkajs reads it where transactions were aborted', async () => {
    const buffer = response({ t: [{ records: batch(5, [{ value: 'a' }]), aborted: true }] });
    expect(asKafkajs(decodeFetch(buffer))).toEqual(await kafkajs.decode(buffer));
  });

  it.each([
    ['an old format', response({ t: [{ records: changed((bytes) => bytes.writeInt8(1, MAGIC_AT)) }] })],
    ['less than it says', response({ t: [{ records: batch(5, [{ value: 'a' }]) }] }).subarray(0, 60)],
  ])('is left to kafkajs where there is %s', (_what, buffer) => {
    expect(decodeFetch(buffer)).toBeUndefined();
  });

  it.each(COMPRESSIONS.filter(isWritable))('gives the same records compressed with %s', (name) => {
    const messages = Array.from({ length: 50 }, (_, n) => ({
      key: `k-${n}`,
      value: 'x'.repeat(n),
      headers: { a: 'b' },
    }));
    const plain = batch(5, messages);
    const records = name === 'none' ? plain.subarray(RECORDS_AT) : pack(name, plain.subarray(RECORDS_AT));
    const bytes = Buffer.concat([plain.subarray(0, RECORDS_AT), records]);
    bytes.writeInt16BE(COMPRESSIONS.indexOf(name), ATTRIBUTES_AT);
    bytes.writeInt32BE(bytes.length - 12, LENGTH_AT);

    const read = (all: Buffer): unknown => decodeFetch(response({ t: [{ records: all }] }))?.responses;
    expect(read(bytes)).toEqual(read(plain));
  });

  it('has one record in place of a batch that cannot be decoded, and all others', () => {
    for (const change of [
      (bytes: Buffer) => bytes.writeInt32BE(9, 57),
      (bytes: Buffer) => bytes.writeInt32BE(1, 57),
      (bytes: Buffer) => bytes.writeInt8(77, RECORDS_AT),
    ]) {
      const broken = changed(change);
      const all = Buffer.concat([batch(1, [{ value: 'before' }]), broken, batch(7, [{ value: 'after' }])]);

      const messages = messagesIn(response({ t: [{ records: all }] }));

      expect(messages.map(({ offset }) => offset)).toEqual(['1', '6', '7']);
      expect(messages[1]).toMatchObject({
        key: null,
        value: broken,
        problem: { code: 'undecodable', reason: expect.stringContaining('the records 5 to 6') },
      });
    }
  });

  it.each([
    ['becomes too large', 1, gzipSync(Buffer.alloc(MOST_UNPACKED_BYTES + 1))],
    ['is broken', 4, Buffer.from('no Zstandard')],
    ['is packed in an unknown way', 7, Buffer.from('?')],
  ])(
    'has no more than one batch that %s, since that may take long, and comes back for the rest',
    (_what, compression, packed) => {
      const bombs = [5, 6, 7].map((offset) => compressed(offset, compression, packed));
      const all = Buffer.concat([batch(4, [{ value: 'before' }]), ...bombs]);

      const messages = messagesIn(response({ t: [{ records: all }] }));

      expect(messages.map(({ offset, problem }) => [offset, problem?.code])).toEqual([
        ['4', undefined],
        ['5', 'undecodable'],
      ]);
    },
  );

  it('knows headers by any name', () => {
    const headers = { constructor: 'a', ['__proto__']: 'b', valueOf: ['c', 'd'], plain: 'e' };
    const named = Object.fromEntries(Object.entries({ ...headers }));
    const [message] = messagesIn(response({ t: [{ records: batch(5, [{ value: '', headers: named }]) }] }));

    const read = message?.headers ?? {};
    expect(Object.keys(read).toSorted()).toEqual(Object.keys(named).toSorted());
    expect(String(Object.getOwnPropertyDescriptor(read, 'constructor')?.value)).toBe('a');
    expect(String(Object.getOwnPropertyDescriptor(read, 'valueOf')?.value)).toBe('c,d');
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });

  it.each([
    ['many headers', Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`h-${n}`, 'x']))],
    ['headers of one name', { h: Array.from({ length: 50_000 }, () => 'x') }],
    ['large headers', { h: 'x'.repeat(70_000) }],
  ])('has a record without its headers, and a problem, where it has too %s', (_what, headers) => {
    const started = performance.now();
    const messages = messagesIn(
      response({ t: [{ records: batch(5, [{ value: 'a', headers }, { value: 'b' }]) }] }),
    );

    expect(messages).toMatchObject([
      { value: Buffer.from('a'), headers: {}, problem: { code: 'malformed_message' } },
      { value: Buffer.from('b') },
    ]);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('a response to a Fetch request with very many records', () => {
  const MOST = 64 * 1024 * 1024;
  const many = (count: number, headers: Record<string, string> = {}): Buffer => {
    const plain = batch(
      5,
      Array.from({ length: count }, () => ({ key: null, value: null, headers })),
    );
    return compressed(5, 1, gzipSync(plain.subarray(RECORDS_AT)), count);
  };
  const readFrom = (records: Buffer, start: number): readonly FetchedMessage[] =>
    decodeFetch(response({ t: [{ records }] }), () => start)?.responses[0]?.partitions[0]?.messages ?? [];

  it('is taken in parts that take a bounded memory, and nothing is missing or twice', () => {
    const records = many(300_000);
    expect(records.length).toBeLessThan(1_048_588);
    const sizes: number[] = [];
    for (let next = 5; next < 300_005;) {
      const before = process.memoryUsage().heapUsed;
      const part = readFrom(records, next);
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
      expect(Number(part[0]?.offset)).toBe(next);
      expect(Number(part.at(-1)?.offset)).toBe(next + part.length - 1);
      next += part.length;
      sizes.push(part.length);
    }
    expect(Math.max(...sizes)).toBeLessThan(MOST / 500);
    expect(sizes.length).toBeLessThan(5);
  });

  it('counts their headers, too', () => {
    const headers = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`${n}`, '']));
    const part = readFrom(many(6_000, headers), 0);
    expect(part.length).toBeGreaterThan(1_000);
    expect(part.length).toBeLessThan(MOST / 15_000);
  });

  it('leaves the next partitions to the next response', () => {
    const small = batch(1, [{ value: 'a' }]);
    const buffer = response({ t: [{ records: many(300_000) }, { records: small }] });
    const [first, second] = decodeFetch(buffer)?.responses[0]?.partitions ?? [];
    expect(first?.messages.length).toBeGreaterThan(0);
    expect(second?.messages).toEqual([]);
  });

  it('has of a batch only what was asked for, or its last record where that is nothing', () => {
    const records = batch(5, [{ value: 'a' }, { value: 'b' }, { value: 'c' }]);
    const offsets = (start: number): string[] => readFrom(records, start).map(({ offset }) => offset);
    expect(offsets(0)).toEqual(['5', '6', '7']);
    expect(offsets(6)).toEqual(['6', '7']);
    expect(offsets(7)).toEqual(['7']);
    expect(offsets(8)).toEqual(['7']);
  });

  it('tells the size of each record with its headers', () => {
    const headers = { h: 'x'.repeat(1_000) };
    const [message] = readFrom(batch(5, [{ key: 'k', value: 'v', headers }]), 0);
    expect(message?.bytes).toBeGreaterThan(1_000);
    expect(message?.bytes).toBeLessThan(1_050);
  });
});

/** kafkajs does not tell how large a record is. */
function asKafkajs(response: FetchResponse | undefined): unknown {
  return (
    response && {
      ...response,
      responses: response.responses.map((topic) => ({
        ...topic,
        partitions: topic.partitions.map((partition) => ({
          ...partition,
          messages: partition.messages.map(({ bytes: _, ...message }) => message),
        })),
      })),
    }
  );
}

function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = batch(5, [{ value: 'a' }, { value: 'b' }]);
  change(bytes);
  return bytes;
}

/** A batch whose packed bytes are these. */
function compressed(firstOffset: number, compression: number, packed: Buffer, count = 1): Buffer {
  const bytes = Buffer.concat([batch(firstOffset, [{ value: '' }]).subarray(0, RECORDS_AT), packed]);
  bytes.writeInt16BE(compression, ATTRIBUTES_AT);
  bytes.writeInt32BE(bytes.length - 12, LENGTH_AT);
  bytes.writeInt32BE(count - 1, LAST_OFFSET_DELTA_AT);
  bytes.writeInt32BE(count, COUNT_AT);
  return bytes;
}

function messagesIn(buffer: Buffer): readonly FetchedMessage[] {
  return decodeFetch(buffer)?.responses[0]?.partitions[0]?.messages ?? [];
}
