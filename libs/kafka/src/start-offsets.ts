import type { Position } from './assignment.js';
import type { Assigned } from './group-member.js';
import type { Offsets, TopicAdmin } from './topic-admin.js';

/**
 * Where a group begins that starts 'now': at the ends as they were before its first member joined.
 *
 * The ends are read before joining, and what the group has confirmed is read after it. So when two members start side by
 * side, either the first had all partitions and confirmed its own, earlier ends, or it had not resolved yet.
 */
export class StartOffsets {
  private settled = false;

  private constructor(
    private readonly admin: TopicAdmin,
    private readonly group: string,
    private readonly ends: Offsets,
  ) {}

  static async read(admin: TopicAdmin, group: string, topics: readonly string[]): Promise<StartOffsets> {
    return new StartOffsets(admin, group, await admin.ends(topics));
  }

  /** Whether the group has begun everywhere; Kafka knows its offsets from then on. */
  get areKnown(): boolean {
    return this.settled;
  }

  /** Where to begin in those of the assigned partitions in which the group has not begun yet. */
  async missing(assigned: Assigned): Promise<Position[]> {
    const confirmed = await this.admin.confirmed(this.group, [...this.ends.keys()]);
    const open = [...this.ends].flatMap(([topic, partitions]) =>
      [...partitions].flatMap(([partition, offset]) =>
        (confirmed.get(topic)?.get(partition) ?? -1n) < 0n ? [{ topic, partition, offset }] : [],
      ),
    );
    this.settled = open.length === 0;
    return open.filter(({ topic, partition }) => assigned[topic]?.includes(partition) === true);
  }
}
