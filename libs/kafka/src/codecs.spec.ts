import { describe, expect, it } from '@jest/globals';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { COMPRESSIONS, type Compression, isWritable, MOST_UNPACKED_BYTES, pack, unpack } from './codecs.js';

const written = COMPRESSIONS.filter((name): name is Exclude<Compression, 'none'> => name !== 'none').filter(
  isWritable,
);

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
});
