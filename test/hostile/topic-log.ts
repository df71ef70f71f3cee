import kafkajs from 'kafkajs';
import type { Seen } from './world.js';

const WITHIN_MS = 60_000;

/** Reads topics from their beginning, on demand, with a plain Kafka client. */
export class TopicLog {
  private readonly seen = new Map<string, Seen[]>();
  /** The next offset of each partition. */
  private readonly read = new Map<string, number>();

  private constructor(
    private readonly admin: kafkajs.Admin,
    private readonly consumer: kafkajs.Consumer,
    private readonly topics: readonly string[],
    private readonly keysOnly: ReadonlySet<string>,
  ) {}

  /**
   * @param topics which exist
   * @param keysOnly of which values are not kept
   */
  static async open(
    kafka: kafkajs.Kafka,
    group: string,
    topics: readonly string[],
    keysOnly: readonly string[],
  ): Promise<TopicLog> {
    const admin = kafka.admin();
    const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 20, allowAutoTopicCreation: false });
    await Promise.all([admin.connect(), consumer.connect()]);
    const log = new TopicLog(admin, consumer, topics, new Set(keysOnly));
    for (const topic of topics) log.seen.set(topic, []);
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => log.take(batch),
    });
    log.rest();
    return log;
  }

  /** All that a topic holds now. */
  async stored(topic: string): Promise<readonly Seen[]> {
    this.consumer.resume([{ topic }]);
    const ends = await this.admin.fetchTopicOffsets(topic);
    const isBehind = (): boolean =>
      ends.some(({ partition, high }) => (this.read.get(`${topic} ${partition}`) ?? 0) < Number(high));
    for (const end = performance.now() + WITHIN_MS; isBehind();) {
      if (performance.now() > end) throw new Error(`Kafka gave not all of '${topic}' within ${WITHIN_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.rest();
    return this.seen.get(topic) ?? [];
  }

  /** How many messages a group has still to confirm. */
  async lag(group: string, topic: string): Promise<number> {
    const ends = await this.admin.fetchTopicOffsets(topic);
    const [offsets] = await this.admin.fetchOffsets({ groupId: group, topics: [topic] });
    const confirmed = new Map(
      offsets?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
    );
    const left = ends.map(({ partition, high }) => Number(high) - Math.max(0, confirmed.get(partition) ?? 0));
    return left.reduce((sum, one) => sum + one, 0);
  }

  async close(): Promise<void> {
    await Promise.all([this.admin.disconnect(), this.consumer.disconnect()]);
  }

  /** Reads nothing until it is asked, so that it takes no time from what is measured. */
  private rest(): void {
    this.consumer.pause(this.topics.map((topic) => ({ topic })));
  }

  private take(batch: kafkajs.Batch): void {
    const { topic, partition, messages } = batch;
    for (const { key, value } of messages) {
      const text = this.keysOnly.has(topic) ? '' : (value?.toString() ?? '');
      this.seen.get(topic)?.push({ key: key?.toString() ?? null, value: text });
    }
    this.read.set(`${topic} ${partition}`, Number(batch.lastOffset()) + 1);
  }
}
