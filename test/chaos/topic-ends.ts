import kafkajs from 'kafkajs';

/** Where topics end and how far groups have got, asked of Kafka itself and of none of our own code. */
export class TopicEnds {
  private readonly admin: kafkajs.Admin;

  constructor(brokers: readonly string[]) {
    const kafka = new kafkajs.Kafka({
      brokers: [...brokers],
      clientId: 'chaos-check',
      logLevel: kafkajs.logLevel.NOTHING,
    });
    this.admin = kafka.admin();
  }

  async connect(): Promise<void> {
    await this.admin.connect();
  }

  /** How many messages were ever stored in each topic whose name ends so. */
  async stored(suffix: string): Promise<Map<string, number>> {
    const names = (await this.admin.listTopics()).filter((name) => name.endsWith(suffix));
    const ends = await Promise.all(
      names.map(async (name) => {
        const partitions = await this.admin.fetchTopicOffsets(name);
        return [name, partitions.reduce((sum, { high }) => sum + Number(high), 0)] as const;
      }),
    );
    return new Map(ends);
  }

  /** How many messages of a topic the group has still to confirm. */
  async lag(groupId: string, topic: string): Promise<number> {
    const ends = await this.admin.fetchTopicOffsets(topic);
    const [offsets] = await this.admin.fetchOffsets({ groupId, topics: [topic] });
    const confirmed = new Map(
      offsets?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
    );
    return ends.reduce(
      (sum, { partition, high }) => sum + Number(high) - Math.max(0, confirmed.get(partition) ?? 0),
      0,
    );
  }

  async close(): Promise<void> {
    await this.admin.disconnect();
  }
}
