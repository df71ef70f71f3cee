import type { StoredRecord } from './memory-broker.js';
import type { PartitionLog } from './partition-log.js';

/** A consumer, as its group sees it. */
export interface MemoryMember {
  readonly topics: ReadonlySet<string>;
  /** There may be something to take. */
  wake(): void;
}

interface GroupPartition {
  readonly log: PartitionLog;
  /** Where the group goes on: all before is confirmed. */
  next: number;
  /** Whether it ever confirmed anything here. */
  hasConfirmed: boolean;
  owner: MemoryMember | undefined;
  /** Who has records of it in hand. The next owner waits for that, so the order of a key is kept. */
  holder: MemoryMember | undefined;
}

/** Consumers that share the partitions of their topics, and what they have confirmed. */
export class MemoryGroup {
  private readonly partitions = new Map<PartitionLog, GroupPartition>();
  private readonly members: MemoryMember[] = [];

  constructor(private readonly confirmed: (partition: PartitionLog) => void) {}

  /** Takes its share at once. */
  join(member: MemoryMember, logs: readonly PartitionLog[], from: 'beginning' | 'now'): void {
    for (const log of logs) {
      if (this.partitions.has(log)) continue;
      const next = from === 'now' ? log.end : 0;
      this.partitions.set(log, { log, next, hasConfirmed: false, owner: undefined, holder: undefined });
    }
    this.members.push(member);
    this.share();
  }

  /** What the member has in hand goes to the others. */
  leave(member: MemoryMember): void {
    const index = this.members.indexOf(member);
    if (index === -1) return;
    this.members.splice(index, 1);
    this.release(member);
    this.share();
  }

  /** The next records of the member's partitions, in order of arrival. They are in its hand until confirmed. */
  take(member: MemoryMember, maximum: number): StoredRecord[] {
    const own = [...this.partitions.values()].filter(
      (one) => one.owner === member && (one.holder === undefined || one.holder === member),
    );
    const records = own
      .flatMap(({ log, next }) => log.read(next, maximum))
      .toSorted((a, b) => a.sequence - b.sequence)
      .slice(0, maximum);
    const taken = new Set(records.map(({ topic, partition }) => `${partition}:${topic}`));
    for (const one of own) {
      if (taken.has(`${one.log.partition}:${one.log.topic}`)) one.holder = member;
    }
    return records;
  }

  /** @returns false when the member is out of the group: its records have gone to others */
  confirm(member: MemoryMember, records: readonly StoredRecord[]): boolean {
    if (!this.members.includes(member)) return false;
    const ends = new Map(
      records.map(({ topic, partition, offset }) => [`${partition}:${topic}`, offset + 1]),
    );
    for (const one of this.partitions.values()) {
      const end = ends.get(`${one.log.partition}:${one.log.topic}`);
      if (end === undefined || one.holder !== member) continue;
      one.next = end;
      one.hasConfirmed = true;
      this.confirmed(one.log);
    }
    this.release(member);
    return true;
  }

  confirmedIn(log: PartitionLog): number | undefined {
    return this.partitions.get(log)?.next;
  }

  /** The same, and undefined as well where it has not confirmed anything yet. */
  progressIn(log: PartitionLog): number | undefined {
    const partition = this.partitions.get(log);
    return partition?.hasConfirmed === true ? partition.next : undefined;
  }

  wake(): void {
    for (const member of this.members) member.wake();
  }

  private release(member: MemoryMember): void {
    let passedOn = false;
    for (const one of this.partitions.values()) {
      if (one.holder !== member) continue;
      one.holder = undefined;
      passedOn ||= one.owner !== member;
    }
    if (passedOn) this.wake();
  }

  private share(): void {
    let turn = 0;
    for (const one of this.partitions.values()) {
      const able = this.members.filter(({ topics }) => topics.has(one.log.topic));
      one.owner = able[turn % able.length];
      turn += 1;
    }
    this.wake();
  }
}
