import { type HistoryEntry, timelineText } from '@skald/core';

// A local name: looking up a global is slow where tests run in a context of their own, and this is called very often.
const { imul } = Math;

interface Line {
  readonly at: number;
  readonly who: string;
  readonly what: string | HistoryEntry;
}

/** All that happened in one run, in order: what a violation prints, and what two runs of one seed must agree on. */
export class Journal {
  private readonly lines: Line[] = [];
  private readonly begin: number;

  constructor(private readonly now: () => number) {
    this.begin = now();
  }

  note(who: string, what: string | HistoryEntry): void {
    this.lines.push({ at: this.now(), who, what });
  }

  /** A timeline for people, one line for each thing that happened. */
  timeline(): string {
    const width = Math.max(0, ...this.lines.map(({ who }) => who.length));
    return this.lines
      .map(({ at, who, what }) => {
        const seconds = ((at - this.begin) / 1_000).toFixed(3).padStart(9);
        const text = typeof what === 'string' ? what : `${what.sequence}. ${timelineText(what)}`;
        return `${seconds} s  ${who.padEnd(width)}  ${text}`;
      })
      .join('\n');
  }

  /** Adds everything, byte by byte, to a checksum. */
  fingerprint(basis: number): number {
    let hash = basis;
    for (const { at, who, what } of this.lines) {
      hash = fnv(hash, `${at} ${who} ${typeof what === 'string' ? what : JSON.stringify(what)}`);
    }
    return hash;
  }
}

/** FNV-1a, 32 bits. */
function fnv(basis: number, text: string): number {
  let hash = basis;
  for (let index = 0; index < text.length; index += 1) {
    hash = imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
