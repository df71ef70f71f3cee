// A local name: looking up a global is slow where tests run in a context of their own, and this is called very often.
const { imul } = Math;

/**
 * Random numbers that hang on what they are for and not on the order in which they are drawn: the same seed and the same
 * words give the same number. So one fault can be left out of a run without changing any other, which is what finding
 * the shortest run needs.
 */
export class KeyedRandom {
  private readonly basis: number;

  constructor(seed: number) {
    this.basis = scramble(seed ^ 0x811c9dc5);
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  number(about: string): number {
    // FNV-1a, then the finalizer of MurmurHash3, which spreads what differs in the last letter only.
    let hash = this.basis;
    for (let index = 0; index < about.length; index += 1) {
      hash = imul(hash ^ about.charCodeAt(index), 0x01000193);
    }
    return scramble(hash) / 0x1_0000_0000;
  }

  chance(probability: number, about: string): boolean {
    return this.number(about) < probability;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number, about: string): number {
    return least + Math.floor(this.number(about) * (most - least + 1));
  }

  /** @throws Error when there is nothing to choose from */
  pick<T>(from: readonly T[], about: string): T {
    const picked = from[Math.floor(this.number(about) * from.length)];
    if (picked === undefined) throw new Error(`nothing to choose from for ${about}`);
    return picked;
  }

  /** A generator of its own, for something inside this one. */
  inside(about: string): KeyedRandom {
    return new KeyedRandom(Math.floor(this.number(about) * 0x1_0000_0000));
  }
}

/** @see Austin Appleby, MurmurHash3, `fmix32` */
function scramble(value: number): number {
  let hash = value >>> 0;
  hash = imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
