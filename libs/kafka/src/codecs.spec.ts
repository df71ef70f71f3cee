import { describe, expect, it } from '@jest/globals';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { COMPRESSIONS, type Compression, isWritable, MOST_UNPACKED_BYTES, pack, unpack } from './codecs.js';

const written = COMPRESSIONS.filter((name): name is Exclude<Compression, 'none'> => name !== 'none').filter(
  isWritable,
);

const TEXT = Buffer.from(Array.from({ length: 60 }, (_, n) => `record ${n * 7_919} of some text, `).join(''));
/** By the id of the compression. Not every Node.js can write Zstandard, so that of it was written by `zstd`. */
const EXAMPLES: Readonly<Record<number, Buffer>> = {
  1: zlib.gzipSync(TEXT),
  2: pack('snappy', TEXT),
  3: pack('lz4', TEXT),
  4: Buffer.from(
    'KLUv/QBY5QgARlIpFbAnwwFwjQyITcDgspRSppSSZ7nEwSsAIAAfABuKWm244Vtp/Xsfv14yss6npNJXqxkAEBIKCEOBoOBgGCgYYhAwKAgoGATUsejBqalHVEcaPSuKTB' +
      'yfT4/iLkY4GtqEYnMxRoxXRSZ3D7fOdsSsiaKsiEa0KE6yGZolZCcM9yTfvBTZGbnkiKN1U3eLa/uvKUPH1EyzWajh16tBtAXVOB1a+srbPyCA4+INiK71WtdarWu91rVW' +
      '65oACUiAuta1Xutaq3Wtt4Z6Aax1rdcEJEBda7Wuda29RjsBrHWt17rWagISQbJxUGtUa8ZrwCcAjNf6olpbvNYV1ZritZ6o1hJrrWiKVohaK7qiFU0htQZFeyi6Q5GaxS' +
      'Y=',
    'base64',
  ),
};

describe('a compression', () => {
  it.each(written)('%s gives back what it was given', (name) => {
    const id = COMPRESSIONS.indexOf(name);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 5_000 }),
      fc.string({ maxLength: 300 }).map((text) => Buffer.from(text.repeat(50))),
    );
    fc.assert(
      fc.property(bytes, (data) => {
        const buffer = Buffer.from(data);
        expect(unpack(id, pack(name, buffer)).equals(buffer)).toBe(true);
      }),
    );
  });

  it('lz4 gives back what is larger than a block', () => {
    const data = Buffer.alloc(9_000_000, 'abcdefgh');
    for (let at = 0; at < data.length; at += 997) data[at] = at % 251;

    expect(unpack(3, pack('lz4', data)).equals(data)).toBe(true);
  });

  it.each([
    ['gzip', 1, zlib.gzipSync(Buffer.alloc(MOST_UNPACKED_BYTES + 1))],
    ['snappy', 2, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0])],
    ['lz4', 3, pack('lz4', Buffer.alloc(MOST_UNPACKED_BYTES + 1))],
    ['zstd', 4, Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0, 0, 0])],
  ])('%s does not become larger than the bound', (_name, id, data) => {
    expect(() => unpack(id, data)).toThrow();
  });

  it.each([1, 2, 3, 4, 5, 7])('%i is refused when it is broken or not known', (id) => {
    expect(() => unpack(id, Buffer.from('certainly no compressed data at all'))).toThrow();
  });

  it.each([1, 2, 3, 4])('%i that is broken anywhere is refused, or read, in no time', (id) => {
    const whole = EXAMPLES[id] ?? Buffer.alloc(0);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    let longestMs = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(whole.length), (changes, end) => {
        const broken = Buffer.from(whole);
        for (const [at, byte] of changes) broken[at] = byte;
        const started = performance.now();
        for (const one of [broken, broken.subarray(0, end)]) {
          try {
            expect(unpack(id, one).length).toBeLessThanOrEqual(MOST_UNPACKED_BYTES);
          } catch {
            // It is refused.
          }
        }
        longestMs = Math.max(longestMs, performance.now() - started);
      }),
      { numRuns: 300 },
    );
    // A window of 64 MB takes its time where Node.js has no Zstandard of its own.
    expect(longestMs).toBeLessThan(20_000);
  });

  it('lz4 repeats nothing in its last twelve bytes, or brokers would call it broken', () => {
    // Ends that repeat what stands shortly before.
    const ends = fc.tuple(
      fc.string({ minLength: 4, maxLength: 12 }),
      fc.string({ minLength: 5, maxLength: 9 }),
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), ends, (start, [again, end]) => {
        const data = Buffer.from(`${'a'.repeat(60)}${start}${again}|${again}${end}`);
        const packed = pack('lz4', data);
        expect(lastRepeat(packed)).toBeLessThanOrEqual(data.length - 12);
        expect(unpack(3, packed).equals(data)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('lz4 that refers to what was never there is refused', () => {
    // One literal, and then what stands five bytes before.
    const block = Buffer.from([0x10, 0x61, 5, 0, 0x50, 0x62, 0x62, 0x62, 0x62, 0x62]);
    const frame = Buffer.concat([
      pack('lz4', Buffer.from('x')).subarray(0, 7),
      Buffer.from([10, 0, 0, 0]),
      block,
    ]);
    expect(() => unpack(3, Buffer.concat([frame, Buffer.alloc(4)]))).toThrow('what is not there');
  });

  it('lz4 that is small takes little memory', () => {
    expect(unpack(3, pack('lz4', Buffer.from('small'.repeat(50)))).buffer.byteLength).toBeLessThan(100_000);
  });
});

/** Where the last match of a frame of one block begins, in what it becomes. */
function lastRepeat(packed: Buffer): number {
  const size = packed.readUInt32LE(7);
  if (size >= 0x80000000) return 0;
  let at = 11;
  let length = 0;
  let last = 0;
  const count = (first: number): number => {
    let sum = first;
    for (let byte = first === 15 ? 255 : 0; byte === 255; sum += byte) byte = packed.readUInt8(at++);
    return sum;
  };
  for (;;) {
    const token = packed.readUInt8(at++);
    const literals = count(token >> 4);
    at += literals;
    length += literals;
    if (at >= 11 + size) return last;
    at += 2;
    last = length;
    length += 4 + count(token & 15);
  }
}
