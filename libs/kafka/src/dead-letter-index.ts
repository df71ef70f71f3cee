import { DEAD_LETTER_SETTLED, settledPlace } from '@skald/ports';
import type { IHeaders } from 'kafkajs';
import { OffsetSet } from './offset-set.js';
import { OpenTimes } from './open-times.js';
import type { OffsetRange, TopicReader } from './topic-reader.js';

/** Of so many records the index learns first; then of twice as many, and so on, up to `LARGEST_CHUNK`. */
const SMALLEST_CHUNK = 200;
const LARGEST_CHUNK = 5_000;
/** Are held while records are read for the index. */
const SCAN_BYTES = 1_048_576;
/** A mark may settle a letter that lies this far behind what is known of its partition: both were written meanwhile. */
const NEWER = 1_000_000;

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
  /** Letters that are known and not settled. */
  readonly open: OffsetSet;
  readonly times: OpenTimes;
  /** Letters that are settled by a mark which is known, and have not been read themselves. */
  readonly settled: OffsetSet;
  /** What has not been read, oldest first. */
  readonly gaps: OffsetRange[];
  /** Before this offset there is nothing any more. */
  from: number;
  /** Everything before this offset was read, or is in a gap. */
  end: number;
}

/**
 * Knows which letters of a dead-letter topic are open, and nothing else of them. It reads each record once, the newest first:
 * marks lie behind the letters that they settle, so what it has read is already right. What is written later it reads when it
 * is asked again. The newest 100,000 letters of a partition take about 50 bytes of memory each, any other record about a bit.
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
      if (to < this.partitionIndex(partition, from).end) this.forget(partition, from);
      const index = this.partitionIndex(partition, from);
      const { end, gaps, open, times, settled } = index;
      if (from > index.from) for (const known of [open, times, settled]) known.dropBelow(from);
      index.from = from;
      // A gap that is being read stays the same.
      const left = gaps.flatMap((gap) =>
        gap.from >= from ? [gap] : gap.to > from ? [{ ...gap, from }] : [],
      );
      if (to > end) left.push({ from: Math.max(end, from), to });
      gaps.splice(0, gaps.length, ...left);
      index.end = to;
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
    for (const [partition, { open, times }] of this.partitions) {
      for (const [offset, time] of times.exactly) {
        best.push({ partition, offset, time });
        if (best.length >= 4 * limit + LARGEST_CHUNK) best = newestOf(best, limit);
      }
      let missing = Math.min(limit, open.size) - times.exactly.size;
      if (missing <= 0) continue;
      for (const offset of open.newest()) {
        if (times.exactly.has(offset)) continue;
        best.push({ partition, offset, time: times.of(offset) });
        missing -= 1;
        if (missing === 0) break;
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
    for (const offset of only.open.newest()) {
      if (known >= wanted || offset < readFrom) break;
      known += 1;
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
      if (settles !== undefined || index.settled.delete(offset)) continue;
      index.open.add(offset);
      index.times.add(offset, time);
    }
  }

  private settle(partition: number, offset: number): void {
    const index = this.partitions.get(partition);
    if (index === undefined || !Number.isSafeInteger(offset)) return;
    if (offset < index.from || offset >= index.end + NEWER) return;
    index.times.delete(offset);
    if (!index.open.delete(offset)) index.settled.add(offset);
  }

  private partitionIndex(partition: number, from: number): PartitionIndex {
    const known = this.partitions.get(partition);
    if (known !== undefined) return known;
    return this.forget(partition, from);
  }

  /** The topic was made anew, or is met for the first time. */
  private forget(partition: number, from: number): PartitionIndex {
    const fresh = {
      open: new OffsetSet(),
      times: new OpenTimes(),
      settled: new OffsetSet(),
      gaps: [],
      from,
      end: from,
    };
    this.partitions.set(partition, fresh);
    this.chunk = SMALLEST_CHUNK;
    return fresh;
  }
}

function newestOf(letters: readonly OpenLetter[], limit: number): OpenLetter[] {
  return letters.toSorted((a, b) => b.time - a.time || b.offset - a.offset).slice(0, limit);
}

function timeOf(header: IHeaders[string]): number {
  const time = Date.parse(String(header));
  return Number.isNaN(time) ? 0 : time;
}
