import { chunkOf } from './offset-set.js';

/** Of so many letters it is known exactly when they were put aside. */
const EXACT = 100_000;
/** So many more may gather before the oldest are let go. */
const SURPLUS = 20_000;

/** When the open letters of a partition were put aside: exactly for the newest, and for the rest about. */
export class OpenTimes {
  private readonly exact = new Map<number, number>();
  /** The newest time among some thousand letters that lie together. */
  private readonly about = new Map<number, number>();
  /** From here on the times are exact. */
  private exactFrom = Number.POSITIVE_INFINITY;

  get exactly(): ReadonlyMap<number, number> {
    return this.exact;
  }

  of(offset: number): number {
    return this.exact.get(offset) ?? this.about.get(chunkOf(offset)) ?? 0;
  }

  add(offset: number, time: number): void {
    if (this.exact.size >= EXACT && offset < this.exactFrom) {
      this.keepAbout(offset, time);
      return;
    }
    this.exact.set(offset, time);
    this.exactFrom = Math.min(this.exactFrom, offset);
    if (this.exact.size > EXACT + SURPLUS) this.trim();
  }

  delete(offset: number): void {
    this.exact.delete(offset);
  }

  dropBelow(from: number): void {
    for (const offset of this.exact.keys()) if (offset < from) this.exact.delete(offset);
    const first = chunkOf(from);
    for (const chunk of this.about.keys()) if (chunk < first) this.about.delete(chunk);
  }

  private trim(): void {
    const oldest = [...this.exact].toSorted(([a], [b]) => a - b).slice(0, this.exact.size - EXACT);
    for (const [offset, time] of oldest) {
      this.exact.delete(offset);
      this.keepAbout(offset, time);
      this.exactFrom = offset + 1;
    }
  }

  private keepAbout(offset: number, time: number): void {
    const chunk = chunkOf(offset);
    this.about.set(chunk, Math.max(time, this.about.get(chunk) ?? 0));
  }
}
