import lz4 from 'lz4js';

/*
 * The frame of LZ4, around the blocks of lz4js. That package believes what a frame says of itself: of broken ones it copies
 * for minutes, and of small ones it takes 4 MB. So each block is measured before it is unpacked.
 * See https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md beside it.
 */

const MAGIC = 0x184d2204;
const VERSION_MASK = 0xc0;
const VERSION = 0x40;
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const DICTIONARY = 0x01;
const STORED = 0x80000000;
/** Of a count in a token: more of it follows, and goes on as long as a byte is full. */
const MORE = 15;
const FULL = 255;
const SHORTEST_MATCH = 4;
/** No match begins in so many last bytes: brokers, who unpack with the C library, refuse the batch as broken if one does. */
const PLAIN_END = 12;

/** Version 1, independent blocks of up to 4 MiB, as Java's client wants them; and the checksum of these two bytes. */
const HEADER = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73]);
const LARGEST_BLOCK = 4 * 1024 * 1024;
const HASHES = 1 << 16;

interface Range {
  readonly at: number;
  readonly end: number;
}

interface Block extends Range {
  readonly isStored: boolean;
}

interface Measure {
  /** Of all that is unpacked up to the end of the block. */
  readonly length: number;
  /** How much is unpacked before the last thing that repeats something earlier. */
  readonly lastMatch: number;
}

export function packLz4(data: Buffer): Buffer {
  const parts: Buffer[] = [HEADER];
  for (let at = 0; at < data.length; at += LARGEST_BLOCK) {
    const block = data.subarray(at, at + LARGEST_BLOCK);
    const target = Buffer.alloc(lz4.compressBound(block.length));
    // What it remembers of one block must not be referred to in the next.
    const length = lz4.compressBlock(block, target, 0, block.length, new Uint32Array(HASHES));
    const isStored = length === 0 || length >= block.length || !endsPlainly(target, length, block.length);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(isStored ? block.length + STORED : length);
    parts.push(head, isStored ? block : target.subarray(0, length));
  }
  return Buffer.concat([...parts, Buffer.alloc(4)]);
}

/** lz4js itself lets a match begin up to 10 bytes before the end. */
function endsPlainly(packed: Buffer, end: number, length: number): boolean {
  const { lastMatch } = measured(packed, { at: 0, end }, 0, length);
  return lastMatch <= length - PLAIN_END;
}

/** @throws Error when the frame is broken, or becomes larger than so many bytes */
export function unpackLz4(data: Buffer, most: number): Buffer {
  const blocks = blocksOf(data);
  let length = 0;
  for (const block of blocks) {
    length = block.isStored ? length + block.end - block.at : measured(data, block, length, most).length;
    if (length > most) throw new Error(`it is larger than ${most} bytes when it is unpacked`);
  }
  const target = Buffer.alloc(length);
  let filled = 0;
  for (const { at, end, isStored } of blocks) {
    filled = isStored
      ? filled + data.copy(target, filled, at, end)
      : lz4.decompressBlock(data, target, at, end - at, filled);
  }
  return target;
}

function blocksOf(data: Buffer): Block[] {
  const flags = data.readUInt8(4);
  if (data.readUInt32LE() !== MAGIC || (flags & VERSION_MASK) !== VERSION)
    throw new Error('it is no LZ4 frame');
  if ((flags & DICTIONARY) !== 0) throw new Error('it needs a dictionary');
  const blocks: Block[] = [];
  for (let at = (flags & CONTENT_SIZE) === 0 ? 7 : 15; ;) {
    const size = data.readUInt32LE(at);
    if (size === 0) return blocks;
    at += 4;
    const isStored = size >= STORED;
    const end = at + (isStored ? size - STORED : size);
    if (end > data.length) throw tooEarly();
    blocks.push({ at, end, isStored });
    at = (flags & BLOCK_CHECKSUM) === 0 ? end : end + 4;
  }
}

/** @param before how many bytes the blocks before it have become */
function measured(data: Buffer, block: Range, before: number, most: number): Measure {
  let { at } = block;
  const { end } = block;
  let length = before;
  let lastMatch = 0;
  const next = (): number => {
    if (at >= end) throw tooEarly();
    return data[at++] ?? 0;
  };
  const count = (first: number): number => {
    let sum = first;
    for (let byte = first === MORE ? FULL : 0; byte === FULL; sum += byte) byte = next();
    return sum;
  };
  while (at < end) {
    const token = next();
    const literals = count(token >> 4);
    at += literals;
    length += literals;
    if (at > end) throw tooEarly();
    if (at === end) break;
    const back = next() | (next() << 8);
    if (back === 0 || back > length) throw new Error('it refers to what is not there');
    lastMatch = length;
    length += SHORTEST_MATCH + count(token & MORE);
    if (length > most) break;
  }
  return { length, lastMatch };
}

function tooEarly(): Error {
  return new Error('it ends too early');
}
