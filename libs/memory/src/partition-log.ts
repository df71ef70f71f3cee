import type { MemoryRecord, StoredRecord } from './memory-broker.js';

/** The records of one partition, numbered from 0; old ones may be forgotten. */
export class PartitionLog {
  private records: StoredRecord[] = [];
  private first = 0;

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}

  /** The offset that the next record gets. */
  get end(): number {
    return this.first + this.records.length;
  }

  append({ key, value, headers = {} }: MemoryRecord, sequence: number): void {
    const { topic, partition, end: offset } = this;
    this.records.push({ topic, partition, offset, sequence, key, value, headers });
  }

  read(from: number, maximum: number): StoredRecord[] {
    const start = Math.max(0, from - this.first);
    return this.records.slice(start, start + maximum);
  }

  /** Forgets what is older than `confirmed` by more than `keep`. */
  forget(confirmed: number, keep: number): void {
    const surplus = confirmed - keep - this.first;
    // Not one by one: cutting copies what is left.
    if (surplus <= keep / 2) return;
    this.records = this.records.slice(surplus);
    this.first += surplus;
  }
}
