import { DEAD_LETTER_SETTLED, settledPlace } from '@skald/runtime';
import type { IHeaders } from 'kafkajs';
import type { OffsetRange, TopicReader } from './topic-reader.js';

/** Of so many records the index learns first; then of twice as many, and so on, up to `LARGEST_CHUNK`. */
const SMALLEST_CHUNK = 200;
const LARGEST_CHUNK = 5_000;
/** Are held while records are read for the index. */
const SCAN_BYTES = 1_048_576;

/** Where an open letter lies and when it was put aside, in milliseconds since 1970. */
export interface OpenLetter {
  readonly partition: number;
  readonly offset: number;
  readonly time: number;
}

interface ReadRecord {
  readonly offset: number;
  readonly time: number;
  /** Of a mark: the letter that it settles. */
  readonly settles: ReturnType<typeof settledPlace> | undefined;
}

interface PartitionIndex {
  /** Time by offset, of letters that are known and not settled. */
  readonly open: Map<number, number>;
  /** Letters that are settled by a mark which is known, and have not been read themselves. */
  readonly settled: Set<number>;
  /** What has not been read, oldest first. */
  readonly gaps: OffsetRange[];
  /** Everything before this offset was read, or is in a gap. */
  end: number;
}

/**
 * Knows which letters of a dead-letter topic are open, and nothing else of them. It reads each record once, the newest first:
 * marks lie behind the letters that they settle, so what it has read is already right. What is written later it reads when it
 * is asked again. A letter takes about 50 bytes of memory.
 */
export class DeadLetterIndex {
  private readonly partitions = new Map<number, PartitionIndex>();
  private reading: Promise<void> | undefined;
  private refreshing: Promise<void> = Promise.resolve();
  private chunk = SMALLEST_CHUNK;

  constructor(
    private readonly reader: Pick<TopicReader, 'ranges' | 'read'>,
    /** The dead-letter topic itself. */
    private readonly topic: string,
  ) {}

  /** Of how many open letters it knows. */
  get size(): number {
    return [...this.partitions.values()].reduce((sum, { open }) => sum + open.size, 0);
  }

  /** Whether it has read everything that was there at the last `refresh`. */
  get isWhole(): boolean {
    return [...this.partitions.values()].every(({ gaps }) => gaps.length === 0);
  }

  /** Learns what has been written, and deleted, meanwhile. */
  refresh(): Promise<void> {
    // One after the other: what was asked first would else count as news after what was asked later.
    const turn = this.refreshing.catch(() => undefined).then(() => this.readRanges());
    this.refreshing = turn;
    return turn;
  }

  private async readRanges(): Promise<void> {
    for (const [partition, { from, to }] of await this.reader.ranges(this.topic)) {
      const index = this.partitionIndex(partition, from);
      if (to < index.end) this.forget(partition, from);
      const { end, gaps, open, settled } = this.partitionIndex(partition, from);
      for (const known of [open, settled]) dropBelow(known, from);
      // A gap that is being read stays the same.
      const left = gaps.flatMap((gap) =>
        gap.from >= from ? [gap] : gap.to > from ? [{ ...gap, from }] : [],
      );
      if (to > end) left.push({ from: Math.max(end, from), to });
      gaps.splice(0, gaps.length, ...left);
      this.partitionIndex(partition, from).end = to;
    }
  }

  /** Reads on until the newest so many open letters are known, or all; and for as long as `goesOn` says so even then. */
  async learn(wanted: number, goesOn: () => boolean): Promise<void> {
    while (!this.isWhole && (goesOn() || !this.hasNewest(wanted))) {
      this.reading ??= this.readChunk().finally(() => {
        this.reading = undefined;
      });
      await this.reading;
    }
  }

  /** Whether this letter is open: only what lies behind it is read first. */
  async isOpen(partition: number, offset: number): Promise<boolean> {
    await this.refresh();
    const isUnread = (): boolean =>
      this.partitions.size > 1
        ? !this.isWhole
        : (this.partitions.get(partition)?.gaps.at(-1)?.to ?? 0) > offset;
    while (isUnread()) await this.learn(0, isUnread);
    return this.partitions.get(partition)?.open.has(offset) === true;
  }

  /** The newest open letters that are known, newest first. */
  newest(limit: number): OpenLetter[] {
    let best: OpenLetter[] = [];
    for (const [partition, { open }] of this.partitions) {
      for (const [offset, time] of open) {
        best.push({ partition, offset, time });
        if (best.length >= 4 * limit + LARGEST_CHUNK) best = newestOf(best, limit);
      }
    }
    return newestOf(best, limit);
  }

  /** Marks lie behind their letters only within one partition. */
  private hasNewest(wanted: number): boolean {
    const [only, ...others] = this.partitions.values();
    if (only === undefined || others.length > 0) return false;
    const readFrom = only.gaps.at(-1)?.to ?? 0;
    if (only.open.size < wanted) return false;
    let known = 0;
    for (const offset of only.open.keys()) {
      if (offset >= readFrom) known += 1;
    }
    return known >= wanted;
  }

  private async readChunk(): Promise<void> {
    for (const [partition, { gaps }] of this.partitions) {
      const gap = gaps.at(-1);
      if (gap === undefined) continue;
      const range = { from: Math.max(gap.from, gap.to - this.chunk), to: gap.to };
      const records: ReadRecord[] = [];
      await this.reader.read(this.topic, partition, range, SCAN_BYTES, (record) => {
        const headers: IHeaders = record.headers ?? {};
        const mark = headers[DEAD_LETTER_SETTLED];
        const settles = mark === undefined ? undefined : settledPlace(String(mark));
        records.push({ offset: Number(record.offset), time: timeOf(headers['dlq-time']), settles });
      });
      this.chunk = Math.min(2 * this.chunk, LARGEST_CHUNK);
      this.take(partition, gap, range, records);
      return;
    }
  }

  private take(
    partition: number,
    gap: OffsetRange,
    range: OffsetRange,
    records: readonly ReadRecord[],
  ): void {
    const index = this.partitions.get(partition);
    // Something newer may have come behind it meanwhile.
    const at = index?.gaps.indexOf(gap) ?? -1;
    if (index === undefined || at < 0) return;
    index.gaps.splice(at, 1, ...(range.from > gap.from ? [{ from: gap.from, to: range.from }] : []));
    for (const { offset, settles } of records) {
      // Nobody can have settled what came later: who wrote that was no operator.
      if (settles === undefined || (settles.partition === partition && settles.offset >= offset)) continue;
      this.settle(settles.partition, settles.offset);
    }
    for (const { offset, time, settles } of records) {
      if (settles === undefined && !index.settled.delete(offset)) index.open.set(offset, time);
    }
  }

  private settle(partition: number, offset: number): void {
    const index = this.partitions.get(partition);
    if (index?.open.delete(offset) === false) index.settled.add(offset);
  }

  private partitionIndex(partition: number, from: number): PartitionIndex {
    const known = this.partitions.get(partition);
    if (known !== undefined) return known;
    return this.forget(partition, from);
  }

  /** The topic was made anew, or is met for the first time. */
  private forget(partition: number, from: number): PartitionIndex {
    const fresh = { open: new Map<number, number>(), settled: new Set<number>(), gaps: [], end: from };
    this.partitions.set(partition, fresh);
    this.chunk = SMALLEST_CHUNK;
    return fresh;
  }
}

function dropBelow(known: { keys(): Iterable<number>; delete(offset: number): boolean }, from: number): void {
  for (const offset of known.keys()) if (offset < from) known.delete(offset);
}

function newestOf(letters: readonly OpenLetter[], limit: number): OpenLetter[] {
  return letters.toSorted((a, b) => b.time - a.time || b.offset - a.offset).slice(0, limit);
}

function timeOf(header: IHeaders[string]): number {
  const time = Date.parse(String(header));
  return Number.isNaN(time) ? 0 : time;
}
