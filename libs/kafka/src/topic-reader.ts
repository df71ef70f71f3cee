import { randomUUID } from 'node:crypto';
import type { Admin, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { kafkaClient, RETRY } from './client.js';
import { KafkaReadError } from './errors.js';
import { LazyConnection } from './lazy-connection.js';
import type { KafkaSettings } from './options.js';

const STALLED_AFTER_MS = 15_000;

/**
 * Reads what a topic holds now, from its first record to its last. kafkajs reads in groups only, so each reading is a
 * group of its own that confirms nothing; Kafka forgets it when its only member has left. A broker may let a new group
 * wait for more members first (`group.initial.rebalance.delay.ms`, 3 s by default), so this is for people, not for load.
 */
export class TopicReader {
  private readonly connection: LazyConnection<Admin>;

  constructor(private readonly settings: KafkaSettings) {
    this.connection = new LazyConnection(() => kafkaClient(settings).admin());
  }

  async topics(): Promise<string[]> {
    return this.asking((admin) => admin.listTopics());
  }

  /** @throws KafkaReadError when the broker gives nothing for a while */
  async read(topic: string, visit: (partition: number, record: KafkaMessage) => void): Promise<void> {
    const open = await this.asking(async (admin) => {
      const bounds = await admin.fetchTopicOffsets(topic);
      const filled = bounds.filter(({ low, high }) => BigInt(low) < BigInt(high));
      return new Map(filled.map(({ partition, high }) => [partition, BigInt(high)]));
    });
    if (open.size === 0) return;

    const consumer = kafkaClient(this.settings).consumer({
      groupId: `skald.reader.${randomUUID()}`,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: 200,
      retry: { ...RETRY, restartOnFailure: async () => false },
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        const stalled = setTimeout(() => {
          reject(new KafkaReadError(`Kafka gave nothing of '${topic}' for a while. Try again.`));
        }, STALLED_AFTER_MS);
        consumer.on(consumer.events.CRASH, ({ payload }) => {
          clearTimeout(stalled);
          reject(new KafkaReadError(`'${topic}' could not be read. Try again.`, { cause: payload.error }));
        });
        const eachBatch = async ({ batch }: EachBatchPayload): Promise<void> => {
          stalled.refresh();
          const end = open.get(batch.partition);
          if (end === undefined) return;
          for (const record of batch.messages) {
            if (BigInt(record.offset) < end) visit(batch.partition, record);
          }
          if (BigInt(batch.lastOffset()) + 1n < end) return;
          open.delete(batch.partition);
          if (open.size > 0) return;
          clearTimeout(stalled);
          resolve();
        };
        consumer.run({ autoCommit: false, eachBatch }).catch(reject);
      });
    } finally {
      await consumer.disconnect();
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  private async asking<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = await this.connection.get();
    try {
      return await ask(admin);
    } catch (error) {
      await this.connection.drop(admin);
      throw error;
    }
  }
}
