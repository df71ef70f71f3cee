/** A partition for as long as it is this consumer's. When it goes and comes back, it is a new one. */
export interface HeldPartition {
  readonly topic: string;
  readonly partition: number;
  /** It went to another consumer: nothing of it may be confirmed any more. */
  lost: boolean;
  /** The first offset that is not done, as soon as one was fetched. */
  next: bigint | undefined;
  /** The offset that Kafka was told last. */
  confirmed: bigint | undefined;
  /** What was fetched again after a rebalance although it was in hand: offsets below are done. */
  repeatedBelow: bigint | undefined;
  /** Where what was fetched under this assignment ends. */
  fetchedBelow: bigint | undefined;
  /** What was fetched and is no message: marks of transactions, and what was sent in one that was aborted. In order. */
  readonly gaps: Gap[];
}

interface Gap {
  readonly from: bigint;
  readonly to: bigint;
}

/** A record of a held partition, fetched under the assignment of an epoch. */
export interface Held {
  readonly held: HeldPartition;
  readonly offset: bigint;
  readonly epoch: number;
}

export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/**
 * Which partitions are ours, how far each is done, and what Kafka knows of it.
 *
 * With every rebalance begins an epoch: whatever was fetched and not done comes again, from where the partition is
 * not done. So what waits from an older epoch is thrown away; what is in hand may be finished, and confirmed where the
 * partition stayed ours.
 */
export class Assignment {
  private readonly partitions = new Map<string, Map<number, HeldPartition>>();
  private member: string | undefined;
  private current = 0;

  get epoch(): number {
    return this.current;
  }

  find(topic: string, partition: number): HeldPartition | undefined {
    return this.partitions.get(topic)?.get(partition);
  }

  /** A rebalance begins: what was fetched so far will come again. */
  unsettle(): void {
    this.begin();
  }

  /**
   * A rebalance is over.
   *
   * @param member a new name means that the broker had given us up, and others may have gone on in our place
   * @returns where to go on reading in partitions that stayed; in all others Kafka knows it
   */
  join(member: string, assigned: Readonly<Record<string, readonly number[]>>): Position[] {
    this.begin();
    if (member !== this.member) this.loseAll();
    this.member = member;
    for (const held of this.all()) {
      if (assigned[held.topic]?.includes(held.partition) !== true) this.lose(held);
    }
    for (const [topic, partitions] of Object.entries(assigned)) {
      for (const partition of partitions) this.hold(topic, partition);
    }
    return this.all().flatMap(({ topic, partition, next }) =>
      next === undefined ? [] : [{ topic, partition, offset: next }],
    );
  }

  /** We are out of the group. */
  leave(): void {
    this.begin();
    this.member = undefined;
    this.loseAll();
  }

  fetched(held: HeldPartition, offset: bigint): void {
    if (held.next !== undefined) return;
    held.next = offset;
    held.confirmed = offset;
  }

  /**
   * All of a fetch was taken over.
   *
   * @param from behind its last message; undefined when it had none
   * @param to where the next fetch begins
   * @returns whether more is done now: behind the last message may lie what is none
   */
  fetchedAll(held: HeldPartition, from: bigint | undefined, to: bigint): boolean {
    const before = held.next;
    const begin = from ?? held.fetchedBelow ?? before ?? to;
    held.fetchedBelow = to;
    // The first fetch begins where the group had got to.
    held.next ??= begin;
    if (begin < to) held.gaps.push({ from: begin, to });
    passGaps(held);
    return held.next !== before;
  }

  /** Whether this was done while it was being fetched once more. */
  isRepeated({ held, offset }: Held): boolean {
    if (held.repeatedBelow === undefined) return false;
    if (offset < held.repeatedBelow) return true;
    held.repeatedBelow = undefined;
    return false;
  }

  /** Notes what is done; of each partition the records are in order. */
  done(records: readonly Held[]): void {
    for (const { held, offset, epoch } of records) {
      held.next = offset + 1n;
      if (held.gaps.length > 0) passGaps(held);
      if (epoch !== this.current) held.repeatedBelow = held.next;
    }
  }

  /** What Kafka does not know yet of our partitions. */
  unconfirmed(): Position[] {
    return this.all().flatMap(({ topic, partition, next, confirmed }) =>
      next === undefined || next === confirmed ? [] : [{ topic, partition, offset: next }],
    );
  }

  confirmed(positions: readonly Position[]): void {
    for (const { topic, partition, offset } of positions) {
      const held = this.find(topic, partition);
      if (held !== undefined) held.confirmed = offset;
    }
  }

  private begin(): void {
    this.current += 1;
    for (const held of this.all()) {
      held.fetchedBelow = undefined;
      held.gaps.length = 0;
    }
  }

  private hold(topic: string, partition: number): void {
    const ofTopic = this.partitions.get(topic) ?? new Map<number, HeldPartition>();
    this.partitions.set(topic, ofTopic);
    if (ofTopic.has(partition)) return;
    ofTopic.set(partition, {
      topic,
      partition,
      lost: false,
      next: undefined,
      confirmed: undefined,
      repeatedBelow: undefined,
      fetchedBelow: undefined,
      gaps: [],
    });
  }

  private lose(held: HeldPartition): void {
    held.lost = true;
    this.partitions.get(held.topic)?.delete(held.partition);
  }

  private loseAll(): void {
    for (const held of this.all()) this.lose(held);
  }

  private all(): HeldPartition[] {
    return [...this.partitions.values()].flatMap((ofTopic) => [...ofTopic.values()]);
  }
}

/** Goes on behind what is no message where all before it is done. */
function passGaps(held: HeldPartition): void {
  for (let [gap] = held.gaps; gap !== undefined && held.next !== undefined; [gap] = held.gaps) {
    if (held.next < gap.from) return;
    if (held.next < gap.to) held.next = gap.to;
    held.gaps.shift();
  }
}
