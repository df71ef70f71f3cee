import { topics as topicNames } from '@skald/core';
import type { Admin, Kafka } from 'kafkajs';
import { isCausedBy } from './errors.js';
import { LazyConnection } from './lazy-connection.js';
import type { KafkaSettings } from './options.js';
import { Pause } from './pause.js';

const LEADERS_WITHIN_MS = 15_000;
const NOT_READY = [
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
];

/** Next offset of each partition: topic → partition → offset. */
export type Offsets = ReadonlyMap<string, ReadonlyMap<number, bigint>>;

/** What is asked of the cluster besides sending and consuming. */
export class TopicAdmin {
  private readonly connection: LazyConnection<Admin>;

  constructor(
    client: Kafka,
    private readonly settings: KafkaSettings,
  ) {
    this.connection = new LazyConnection(() => client.admin());
  }

  /** Creates what is missing of the topics and their dead-letter topics, and waits until they can be used. */
  async ensure(topics: readonly string[]): Promise<void> {
    const { partitions, replicationFactor, log } = this.settings;
    const wanted = new Map<string, number>();
    for (const topic of topics) wanted.set(topic, partitions);
    for (const topic of topics) wanted.set(topicNames.deadLetters(topic), 1);

    await this.using(async (admin) => {
      const { topics: existing } = await admin.fetchTopicMetadata();
      const counts = new Map(existing.map((topic) => [topic.name, topic.partitions.length]));
      for (const topic of topics) {
        const count = counts.get(topic);
        if (count !== undefined && count !== partitions) {
          log.warn(
            `topic '${topic}' has ${count} partitions where ${partitions} are configured; it is left as it is`,
          );
        }
      }
      const missing = [...wanted].filter(([topic]) => !counts.has(topic));
      if (missing.length > 0) {
        // Resolves with false when another service created them meanwhile.
        await admin.createTopics({
          topics: missing.map(([topic, numPartitions]) => ({ topic, numPartitions, replicationFactor })),
          waitForLeaders: false,
        });
      }
      await this.waitForLeaders(admin, [...wanted.keys()]);
    });
  }

  /** Where each topic ends now. */
  async ends(topics: readonly string[]): Promise<Offsets> {
    return this.using(async (admin) => {
      const all = topics.map(async (topic) => {
        const partitions = await admin.fetchTopicOffsets(topic);
        return [topic, new Map(partitions.map((one) => [one.partition, BigInt(one.high)]))] as const;
      });
      return new Map(await Promise.all(all));
    });
  }

  /** What the group has confirmed. A partition of which it has confirmed nothing has a negative offset. */
  async confirmed(group: string, topics: readonly string[]): Promise<Offsets> {
    return this.using(async (admin) => {
      const all = await admin.fetchOffsets({ groupId: group, topics: [...topics] });
      return new Map(
        all.map(({ topic, partitions }) => [
          topic,
          new Map(partitions.map((one) => [one.partition, BigInt(one.offset)])),
        ]),
      );
    });
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  /**
   * The metadata names a leader before the broker is one. Until it is, a produce request fails for some partitions and is
   * repeated for all, so that messages would be doubled; asking the leaders for their offsets finds out.
   */
  private async waitForLeaders(admin: Admin, topics: readonly string[]): Promise<void> {
    const until = Date.now() + LEADERS_WITHIN_MS;
    for (;;) {
      try {
        await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)));
        return;
      } catch (error) {
        const isYoung = NOT_READY.some((kind) => isCausedBy(error, kind));
        if (!isYoung || Date.now() > until) throw error;
      }
      await new Pause().sleep(20);
    }
  }

  private async using<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = await this.connection.get();
    try {
      return await work(admin);
    } catch (error) {
      // Its view of the cluster may be the cause: begin afresh next time.
      await this.connection.drop(admin);
      throw error;
    }
  }
}
