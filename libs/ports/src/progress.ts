/**
 * How far a consumer group has got in a topic, as far as a transport knows. Times are milliseconds of a clock of the
 * transport's, which nobody sets; `now` tells how it stands.
 */
export interface Progress {
  readonly now: number;
  /** When it was looked last; absent: not yet. */
  readonly knownAt: number | undefined;
  /** Whether the group has ever confirmed anything there. */
  readonly hasConfirmed: boolean;
  /**
   * When it was first seen that the group had confirmed all that lay there at `time`, which is at `time` at the earliest.
   * Undefined: not yet, as far as is known.
   */
  reachedAt(time: number, where?: Reached): number | undefined;
}

export interface Reached {
  /** Only where messages of this key lie. Default: everywhere in the topic. */
  readonly key?: string;
  /**
   * Where something has lain unread for so long, and the group has not moved, it counts as read: for a group that is known
   * to live, since it may be marks of a foreign sender's transaction, which are no messages. What came later does not count
   * as read, and neither does anything when nobody looked meanwhile. Milliseconds. Default: never.
   */
  readonly stalledMs?: number;
}

/** One look at a group and a topic. Offsets by partition. */
export interface ProgressSample {
  /** Before anything was asked. */
  readonly at: number;
  /** When all was answered. */
  readonly seenAt: number;
  /** Where the next message goes. Asked before `confirmed`. */
  readonly ends: readonly number[];
  /** Where the group goes on reading; undefined where it has confirmed nothing. */
  readonly confirmed: readonly (number | undefined)[];
  /** Where the oldest message lies. Default: 0. */
  readonly starts?: readonly number[];
}

/** The same progress in milliseconds since 1970, by a clock that says `now`. */
export function progressAt(now: number, progress: Progress): Progress {
  const ahead = now - progress.now;
  const { hasConfirmed, knownAt } = progress;
  return {
    now,
    hasConfirmed,
    knownAt: knownAt === undefined ? undefined : knownAt + ahead,
    reachedAt: (time, where) => {
      const at = progress.reachedAt(time - ahead, where);
      return at === undefined ? undefined : at + ahead;
    },
  };
}

/** As many looks are kept. Of more than that every second old one is forgotten, which makes answers later and never wrong. */
const KEPT = 240;
/** Between looks that are further apart anything may have happened: an outage, a process that was paused. */
const LOOKED_AWAY_MS = 15_000;

/** What looking at a group again and again tells of its progress. */
export class ProgressHistory implements Progress {
  private samples: ProgressSample[] = [];
  /** The topic got more partitions since the first look: what was sent before lies where its key no longer says. */
  private hasGrown = false;

  /**
   * @param partitionOf where messages of a key lie, among so many partitions
   * @param elapsed the clock of the looks
   */
  constructor(
    private readonly partitionOf: (key: string, partitions: number) => number,
    private readonly elapsed: () => number,
  ) {}

  get now(): number {
    return this.elapsed();
  }

  get knownAt(): number | undefined {
    return this.samples.at(-1)?.at;
  }

  get hasConfirmed(): boolean {
    return this.samples.at(-1)?.confirmed.some((offset) => offset !== undefined) === true;
  }

  /** Takes a look, later than all before. */
  add(sample: ProgressSample): void {
    const last = this.samples.at(-1);
    if (last !== undefined && last.ends.length !== sample.ends.length) this.hasGrown = true;
    this.samples.push(sample);
    if (this.samples.length <= KEPT) return;
    this.samples = this.samples.filter((_, index) => index % 2 === 0 || index > KEPT / 2);
  }

  reachedAt(time: number, { key, stalledMs }: Reached = {}): number | undefined {
    const from = this.samples.findIndex(({ at }) => at >= time);
    const first = this.samples[from];
    if (first === undefined) return undefined;
    const isAnywhere = key === undefined || this.hasGrown;
    const partition = isAnywhere ? undefined : this.partitionOf(key, first.ends.length);
    for (let index = from; index < this.samples.length; index += 1) {
      const sample = this.samples[index];
      if (sample !== undefined && isReached(first.ends, sample, partition)) return sample.seenAt;
    }
    return stalledMs === undefined ? undefined : this.stalledAt(first, partition, stalledMs);
  }

  /** Whether everything is reached but what has lain unread for long where nothing moved. */
  private stalledAt(
    first: ProgressSample,
    partition: number | undefined,
    stalledMs: number,
  ): number | undefined {
    const last = this.samples.at(-1);
    const before = this.watchedSince(stalledMs);
    if (last === undefined || before === undefined) return undefined;
    const needed = first.ends.map((end, at) => {
      const position = positionIn(last, at);
      const isStalled = positionIn(before, at) === position && end <= (before.ends[at] ?? 0);
      return isStalled ? Math.min(end, position) : end;
    });
    return isReached(needed, last, partition) ? last.seenAt : undefined;
  }

  /** The look so long before the last, if there were looks all the time since. */
  private watchedSince(milliseconds: number): ProgressSample | undefined {
    let later = this.samples.at(-1);
    if (later === undefined) return undefined;
    const until = later.at - milliseconds;
    for (let index = this.samples.length - 1; index >= 0; index -= 1) {
      const sample = this.samples[index];
      if (sample === undefined || later.at - sample.at > LOOKED_AWAY_MS) return undefined;
      if (sample.at <= until) return sample;
      later = sample;
    }
    return undefined;
  }
}

function isReached(ends: readonly number[], sample: ProgressSample, partition: number | undefined): boolean {
  if (partition !== undefined) return positionIn(sample, partition) >= (ends[partition] ?? 0);
  return ends.every((end, at) => positionIn(sample, at) >= end);
}

/** What lies before the oldest message has been deleted, so that nobody will read it. */
function positionIn({ confirmed, starts }: ProgressSample, partition: number): number {
  return Math.max(confirmed[partition] ?? 0, starts?.[partition] ?? 0);
}
