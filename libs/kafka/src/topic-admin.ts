import { shortened, topics as topicNames } from '@skald/core';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import {
  isCausedBy,
  KafkaLoginError,
  TopicsNotReadyError,
  UnreadableTopicError,
  UnsafeTopicError,
} from './errors.js';
import { LazyConnection } from './lazy-connection.js';
import type { KafkaSettings } from './options.js';
import { Pause } from './pause.js';
import { differences, type FoundTopic, isCompacted, isReadable } from './topic-check.js';
import { kindOf } from './topic-kind.js';

const LEADERS_WITHIN_MS = 15_000;
const NOT_READY = [
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
  // What kafkajs throws over the answer of a leader that has not heard of the partition yet.
  'TypeError',
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

  /**
   * Creates what is missing of the topics and their dead-letter topics, and waits until they can be used. What is there
   * is left as it is; harmless differences are warned of.
   *
   * @throws UnsafeTopicError, UnreadableTopicError, KafkaLoginError
   */
  async ensure(topics: readonly string[]): Promise<void> {
    const { partitions, replicationFactor } = this.settings;
    const wanted = new Map<string, number>();
    for (const topic of topics) wanted.set(topic, partitions);
    for (const topic of topics) wanted.set(topicNames.deadLetters(topic), 1);

    await this.using(async (admin) => {
      const { topics: all } = await admin.fetchTopicMetadata();
      const existing = new Map(all.map((topic) => [topic.name, topic.partitions.length]));
      const missing = [...wanted].filter(([topic]) => !existing.has(topic));
      if (missing.length > 0) {
        // Resolves with false when another service created them meanwhile.
        await admin.createTopics({
          topics: missing.map(([topic, numPartitions]) => ({
            topic,
            numPartitions,
            replicationFactor,
            configEntries: this.configOf(topic),
          })),
          waitForLeaders: false,
        });
      }
      await this.check(
        admin,
        [...wanted].flatMap(([topic, wantedPartitions]) => {
          const has = existing.get(topic);
          return has === undefined ? [] : [{ topic, partitions: has, wantedPartitions }];
        }),
      );
      await this.waitForLeaders(admin, [...wanted.keys()]);
    });
  }

  /** The names of all topics that this user may see, as the brokers know them now. */
  async topicNames(): Promise<readonly string[]> {
    return this.using((admin) => admin.listTopics());
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

  /** Where a topic begins and ends now, by partition. */
  async bounds(topic: string): Promise<{ readonly starts: number[]; readonly ends: number[] }> {
    return this.using(async (admin) => {
      const partitions = await admin.fetchTopicOffsets(topic);
      const sorted = partitions.toSorted((a, b) => a.partition - b.partition);
      return { starts: sorted.map(({ low }) => Number(low)), ends: sorted.map(({ high }) => Number(high)) };
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

  private configOf(topic: string): { name: string; value: string }[] {
    const kind = kindOf(topic);
    const retentionMs = kind && this.settings.retentionMs[kind];
    return [
      // A broker's own default may be another one.
      { name: 'cleanup.policy', value: 'delete' },
      ...(retentionMs === undefined ? [] : [{ name: 'retention.ms', value: String(retentionMs) }]),
    ];
  }

  private async check(admin: Admin, existing: readonly Omit<FoundTopic, 'config'>[]): Promise<void> {
    if (existing.length === 0) return;
    const configs = await this.readConfigs(
      admin,
      existing.map(({ topic }) => topic),
    );
    const unsafe: string[] = [];
    const unreadable: string[] = [];
    for (const one of existing) {
      const found = { ...one, config: configs.get(one.topic) ?? new Map<string, string>() };
      if (isCompacted(found)) unsafe.push(one.topic);
      if (!isReadable(found)) unreadable.push(one.topic);
      const kind = kindOf(one.topic);
      for (const line of differences(found, kind && this.settings.retentionMs[kind]))
        this.settings.log.warn(line);
    }
    if (unsafe.length > 0) throw new UnsafeTopicError(unsafe);
    if (unreadable.length > 0) throw new UnreadableTopicError(unreadable);
  }

  private async readConfigs(
    admin: Admin,
    topics: readonly string[],
  ): Promise<Map<string, Map<string, string>>> {
    try {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: topics.map((name) => ({
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name,
          configNames: ['cleanup.policy', 'compression.type', 'retention.ms'],
        })),
      });
      return new Map(
        resources.map(({ resourceName, configEntries }) => [
          resourceName,
          new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
        ]),
      );
    } catch (error) {
      if (!isCausedBy(error, 'TOPIC_AUTHORIZATION_FAILED')) throw error;
      this.settings.log.warn(
        'the settings of the topics cannot be checked: this user may not describe them (DESCRIBE_CONFIGS)',
      );
      return new Map();
    }
  }

  /**
   * The metadata names a leader before the broker is one. Until it is, a produce request fails for some partitions and is
   * repeated for all, so that messages would be doubled; asking the leaders for their offsets finds out.
   */
  private async waitForLeaders(admin: Admin, topics: readonly string[]): Promise<void> {
    const until = performance.now() + LEADERS_WITHIN_MS;
    for (;;) {
      try {
        await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)));
        return;
      } catch (error) {
        const isYoung = NOT_READY.some((kind) => isCausedBy(error, kind));
        if (!isYoung) throw error;
        if (performance.now() > until) {
          const names = shortened(topics.join(', '), 1_000);
          throw new TopicsNotReadyError(`nobody answers for at least one of ${names}`, { cause: error });
        }
      }
      await new Pause().sleep(20);
    }
  }

  private async using<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = await this.connection.get().catch((error: unknown) => {
      throw KafkaLoginError.from(error);
    });
    try {
      return await work(admin);
    } catch (error) {
      // Its view of the cluster may be the cause: begin afresh next time.
      await this.connection.drop(admin);
      throw error;
    }
  }
}
