/** Something that our reader does not know. */
export class UnusualError extends Error {}

/** Reads the protocol's types one behind the other. */
export class FetchReader {
  at = 0;

  constructor(readonly buffer: Buffer) {}

  get isAtEnd(): boolean {
    return this.at === this.buffer.length;
  }

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

  /** As text, since it may be beyond 2^53. */
  int64(): string {
    this.at += 8;
    return String(this.int64At(this.at - 8));
  }

  int64At(at: number): number | bigint {
    const number = this.buffer.readInt32BE(at) * 2 ** 32 + this.buffer.readUInt32BE(at + 4);
    return Number.isSafeInteger(number) ? number : this.buffer.readBigInt64BE(at);
  }

  safeInt64At(at: number): number {
    const number = this.int64At(at);
    if (typeof number === 'bigint') throw new UnusualError('a number beyond 2^53');
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

  /** Zigzag, of up to 64 bits. */
  varlong(): number | bigint {
    const start = this.at;
    // Four bytes hold 28 bits, which is all but the strangest.
    for (let end = start; end < start + 4; end += 1) {
      if (this.buffer.readUInt8(end) < 0x80) return this.varint();
    }
    let number = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.buffer.readUInt8(this.at++);
      number |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (number >> 1n) ^ -(number & 1n));
    }
    throw new UnusualError('a number of more than 64 bits');
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
