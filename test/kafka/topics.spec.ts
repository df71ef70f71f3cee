import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@skald/core';
import { KafkaTransport, type KafkaTransportOptions } from '@skald/kafka';
import { type Admin, ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import { silence } from '../contracts/transport-harness.js';
import { testKafkaBrokers, uniqueName } from '../setup/real-services.js';

const HOUR_MS = 3_600_000;

describe('the topics of the Kafka transport', () => {
  let admin: Admin;
  const started: KafkaTransport[] = [];
  beforeAll(async () => {
    admin = new Kafka({ brokers: testKafkaBrokers(), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
  });
  afterEach(() => Promise.all(started.splice(0).map((transport) => transport.close())));
  afterAll(() => admin.disconnect());

  /** @returns what was warned of */
  async function ensure(
    topic: string,
    options: Partial<KafkaTransportOptions> = {},
  ): Promise<readonly string[]> {
    const warnings: string[] = [];
    const log = { ...silence, warn: (line: string) => warnings.push(line) };
    const transport = new KafkaTransport({ brokers: testKafkaBrokers(), clientId: 'boot', log, ...options });
    started.push(transport);
    await transport.ensureTopics([topic]);
    return warnings;
  }

  async function create(
    topic: string,
    numPartitions: number,
    config: Record<string, string> = {},
  ): Promise<void> {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    // kafkajs would wait by asking for the topic, and throws when the broker has not heard of it yet.
    await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }], waitForLeaders: false });
    while (!(await admin.listTopics()).includes(topic)) await sleep(20);
  }

  async function read(topic: string): Promise<{ partitions: number; config: Record<string, string> }> {
    const { topics: found } = await admin.fetchTopicMetadata({ topics: [topic] });
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [
        { type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['cleanup.policy', 'retention.ms'] },
      ],
    });
    const entries = resources.flatMap(({ configEntries }) => configEntries);
    return {
      partitions: found[0]?.partitions.length ?? 0,
      config: Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue])),
    };
  }

  it('are created with the partitions and the retention that are configured', async () => {
    const commands = topics.commands(uniqueName('test'), 'payment');

    const warnings = await ensure(commands, {
      partitions: 3,
      retention: { commands: '2h', deadLetters: '30d' },
    });

    expect(warnings).toEqual([]);
    expect(await read(commands)).toEqual({
      partitions: 3,
      config: { 'cleanup.policy': 'delete', 'retention.ms': String(2 * HOUR_MS) },
    });
    expect(await read(topics.deadLetters(commands))).toMatchObject({
      partitions: 1,
      config: { 'retention.ms': String(30 * 24 * HOUR_MS) },
    });
  });

  it("each get the retention of their own kind, and the broker's where none is configured", async () => {
    const namespace = uniqueName('test');
    const retention = { replies: '1h', requests: '2h', events: '3h' } as const;

    for (const topic of [topics.replies(namespace), topics.requests(namespace), topics.events(namespace)]) {
      await ensure(topic, { retention });
    }
    await ensure(topics.commands(namespace, 'payment'), { retention });

    const retentionOf = async (topic: string): Promise<string | undefined> =>
      (await read(topic)).config['retention.ms'];
    expect(await retentionOf(topics.replies(namespace))).toBe(String(HOUR_MS));
    expect(await retentionOf(topics.requests(namespace))).toBe(String(2 * HOUR_MS));
    expect(await retentionOf(topics.events(namespace))).toBe(String(3 * HOUR_MS));
    expect(await retentionOf(topics.commands(namespace, 'payment'))).toBe(String(7 * 24 * HOUR_MS));
  });

  it('that have fewer partitions than configured are left alone and warned of', async () => {
    const commands = topics.commands(uniqueName('test'), 'payment');
    await create(commands, 1);

    const warnings = await ensure(commands, { partitions: 4 });

    expect(warnings).toEqual([
      expect.stringContaining(`'${commands}' has 1 partition(s) where 4 are configured`),
    ]);
    expect(await read(commands)).toMatchObject({ partitions: 1 });
  });

  it('that have more partitions than configured are nothing to speak of', async () => {
    const commands = topics.commands(uniqueName('test'), 'payment');
    await create(commands, 6);

    expect(await ensure(commands, { partitions: 4 })).toEqual([]);
  });

  it('that keep messages for a shorter time than configured are left alone and warned of', async () => {
    const commands = topics.commands(uniqueName('test'), 'payment');
    await create(commands, 4, { 'retention.ms': String(HOUR_MS) });

    const warnings = await ensure(commands, { retention: { commands: '7d' } });

    expect(warnings).toEqual([expect.stringContaining('keeps messages for 3600000 ms where 604800000 ms')]);
    expect(await read(commands)).toMatchObject({ config: { 'retention.ms': String(HOUR_MS) } });
  });

  it.each(['compact', 'compact,delete'])(
    'that would lose messages by cleanup.policy=%s stop the boot, and the error says how to mend them',
    async (policy) => {
      const commands = topics.commands(uniqueName('test'), 'payment');
      await create(commands, 4, { 'cleanup.policy': policy });

      const boot = ensure(commands);

      await expect(boot).rejects.toMatchObject({ code: 'unsafe_topic', topics: [commands] });
      await expect(boot).rejects.toThrow('--add-config cleanup.policy=delete');
    },
  );
});
