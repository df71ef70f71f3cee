import { Kafka, logLevel, type Admin } from 'kafkajs';

/** Counts the messages that have come to topics. */
export class KafkaUsage {
  private constructor(private readonly admin: Admin) {}

  static async open(brokers: readonly string[]): Promise<KafkaUsage> {
    const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.ERROR }).admin();
    await admin.connect();
    return new KafkaUsage(admin);
  }

  /** All messages of a namespace's topics so far. */
  async messages(namespace: string): Promise<number> {
    let sum = 0;
    for (const topic of await this.topicsOf(namespace)) {
      for (const { high } of await this.admin.fetchTopicOffsets(topic)) sum += Number(high);
    }
    return sum;
  }

  /** How many messages a group has not confirmed yet, of all topics of a namespace. */
  async lag(group: string, namespace: string): Promise<number> {
    let lag = 0;
    const confirmed = await this.admin.fetchOffsets({
      groupId: group,
      topics: await this.topicsOf(namespace),
    });
    for (const { topic, partitions } of confirmed) {
      const ends = new Map(
        (await this.admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]),
      );
      for (const { partition, offset } of partitions) {
        if (Number(offset) >= 0) lag += (ends.get(partition) ?? 0) - Number(offset);
      }
    }
    return lag;
  }

  async close(): Promise<void> {
    await this.admin.disconnect();
  }

  private async topicsOf(namespace: string): Promise<string[]> {
    const topics = await this.admin.listTopics();
    return topics.filter((topic) => topic.startsWith(`${namespace}.`) && !topic.endsWith('.dlq'));
  }
}
