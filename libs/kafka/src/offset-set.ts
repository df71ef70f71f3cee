/** So many offsets lie in one chunk. */
const PER_CHUNK = 4_096;
const PER_WORD = 32;

/** A set of offsets of a partition: about one bit for each offset that lies between them, however many they are. */
export class OffsetSet {
  private readonly chunks = new Map<number, Uint32Array>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  has(offset: number): boolean {
    const { word, bit } = placeOf(offset);
    return (((this.chunks.get(chunkOf(offset))?.[word] ?? 0) >>> bit) & 1) === 1;
  }

  add(offset: number): void {
    if (this.has(offset)) return;
    const chunk = chunkOf(offset);
    let words = this.chunks.get(chunk);
    if (words === undefined) this.chunks.set(chunk, (words = new Uint32Array(PER_CHUNK / PER_WORD)));
    const { word, bit } = placeOf(offset);
    words[word] = (words[word] ?? 0) | (1 << bit);
    this.count += 1;
  }

  /** @returns whether it was there */
  delete(offset: number): boolean {
    if (!this.has(offset)) return false;
    const words = this.chunks.get(chunkOf(offset));
    const { word, bit } = placeOf(offset);
    if (words !== undefined) words[word] = (words[word] ?? 0) & ~(1 << bit);
    this.count -= 1;
    return true;
  }

  dropBelow(from: number): void {
    const first = chunkOf(from);
    for (const chunk of this.chunks.keys()) {
      if (chunk > first) continue;
      for (const offset of this.newestOf(chunk)) if (offset < from) this.delete(offset);
      if (chunk < first) this.chunks.delete(chunk);
    }
  }

  /** The newest first. */
  *newest(): Generator<number> {
    for (const chunk of [...this.chunks.keys()].toSorted((a, b) => b - a)) yield* this.newestOf(chunk);
  }

  private *newestOf(chunk: number): Generator<number> {
    const words = this.chunks.get(chunk) ?? [];
    for (let word = words.length - 1; word >= 0; word -= 1) {
      if (words[word] === 0) continue;
      for (let bit = PER_WORD - 1; bit >= 0; bit -= 1) {
        if ((((words[word] ?? 0) >>> bit) & 1) === 1) yield chunk * PER_CHUNK + word * PER_WORD + bit;
      }
    }
  }
}

export function chunkOf(offset: number): number {
  return Math.floor(offset / PER_CHUNK);
}

function placeOf(offset: number): { readonly word: number; readonly bit: number } {
  const at = offset % PER_CHUNK;
  return { word: Math.floor(at / PER_WORD), bit: at % PER_WORD };
}
