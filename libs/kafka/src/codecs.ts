import zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import kafkajs, { CompressionTypes } from 'kafkajs';
import snappy from 'snappyjs';
import { packLz4, unpackLz4 } from './lz4.js';

/** How a record batch may be compressed. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** A record batch that is larger than this when it is unpacked is not read: a few bytes can be made to become gigabytes. */
export const MOST_UNPACKED_BYTES = 64 * 1024 * 1024;

interface Codec {
  /** @throws Error when the data is broken or becomes larger than `MOST_UNPACKED_BYTES` */
  readonly unpack: (data: Buffer) => Buffer;
  /** Absent where this Node.js cannot do it. */
  readonly pack: ((data: Buffer) => Buffer) | undefined;
}

/** Node.js has Zstandard from 22.15 on. */
interface MaybeZstd {
  readonly gunzipSync: unknown;
  readonly zstdCompressSync?: (data: Buffer) => Buffer;
  readonly zstdDecompressSync?: (data: Buffer, options: { readonly maxOutputLength: number }) => Buffer;
}
const { zstdCompressSync, zstdDecompressSync }: MaybeZstd = zlib;
const BOUND = { maxOutputLength: MOST_UNPACKED_BYTES };

const CODECS: { readonly [name in Exclude<Compression, 'none'>]: Codec } = {
  gzip: { unpack: (data) => zlib.gunzipSync(data, BOUND), pack: (data) => zlib.gzipSync(data) },
  snappy: { unpack: unpackSnappy, pack: (data) => snappy.compress(data) },
  lz4: { unpack: (data) => unpackLz4(data, MOST_UNPACKED_BYTES), pack: packLz4 },
  zstd: {
    unpack: zstdDecompressSync ? (data) => zstdDecompressSync(data, BOUND) : unpackZstd,
    pack: zstdCompressSync,
  },
};

/**
 * Unpacks the records of a batch.
 *
 * @param id of the compression, in a batch's attributes
 * @throws Error when it is broken, too large, or of a kind that is not known
 */
export function unpack(id: number, data: Buffer): Buffer {
  return codecOf(id).unpack(data);
}

/** Packs the records of a batch. */
export function pack(compression: Exclude<Compression, 'none'>, data: Buffer): Buffer {
  const { pack: packer } = CODECS[compression];
  if (packer === undefined) throw new Error(`this Node.js cannot write ${compression}`);
  return packer(data);
}

/** Whether this Node.js can write it. It can read all of them. */
export function isWritable(compression: Compression): boolean {
  return compression === 'none' || CODECS[compression].pack !== undefined;
}

/** Teaches kafkajs what it does not know by itself: it writes compressed batches, and reads those of old formats. */
export function registerCodecs(): void {
  for (const name of ['snappy', 'lz4', 'zstd'] as const) {
    const id = COMPRESSION_TYPES[name];
    kafkajs.CompressionCodecs[id] = () => ({
      compress: async ({ buffer }: { readonly buffer: Buffer }) => pack(name, buffer),
      decompress: async (data: Buffer) => unpack(id, data),
    });
  }
}

/** What kafkajs calls them; the numbers are those of the protocol. */
export const COMPRESSION_TYPES = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
} as const satisfies { readonly [name in Compression]: CompressionTypes };

function codecOf(id: number): Codec {
  const name = COMPRESSIONS[id];
  if (name === undefined || name === 'none') throw new Error(`compression ${id} is not known`);
  return CODECS[name];
}

function tooLarge(): Error {
  return new Error(`it is larger than ${MOST_UNPACKED_BYTES} bytes when it is unpacked`);
}

/** What Java's library puts before its blocks; other clients write a single block without it. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
/** It is followed by two versions. */
const XERIAL_HEADER = 16;

function unpackSnappy(data: Buffer): Buffer {
  if (!data.subarray(0, XERIAL.length).equals(XERIAL)) return snappy.uncompress(data, MOST_UNPACKED_BYTES);
  const blocks: Buffer[] = [];
  let left = MOST_UNPACKED_BYTES;
  for (let at = XERIAL_HEADER; at < data.length;) {
    const length = data.readInt32BE(at);
    const end = at + 4 + length;
    if (length < 0 || end > data.length) throw new Error('a block of it ends too early');
    const block = snappy.uncompress(data.subarray(at + 4, end), left);
    left -= block.length;
    blocks.push(block);
    at = end;
  }
  return Buffer.concat(blocks);
}

const ZSTD_MAGIC = 0xfd2fb528;
const ZSTD_SINGLE_SEGMENT = 0x20;

/** Where Node.js has no Zstandard of its own. */
function unpackZstd(data: Buffer): Buffer {
  if (data.length < 6 || data.readUInt32LE() !== ZSTD_MAGIC) throw new Error('it is no Zstandard frame');
  // Memory for the window is taken before anything is unpacked.
  const window = data.readUInt8(5);
  const isWindowed = (data.readUInt8(4) & ZSTD_SINGLE_SEGMENT) === 0;
  if (isWindowed && 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8) > MOST_UNPACKED_BYTES)
    throw tooLarge();
  const parts: Uint8Array[] = [];
  let length = 0;
  const stream = new Decompress((part) => {
    length += part.length;
    if (length > MOST_UNPACKED_BYTES) throw tooLarge();
    parts.push(part);
  });
  stream.push(data, true);
  return Buffer.concat(parts);
}
