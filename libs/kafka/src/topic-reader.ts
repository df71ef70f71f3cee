import type { Admin, Kafka } from 'kafkajs';
import { kafkaClient } from './client.js';
import { KafkaReadError, TransportClosedError } from './errors.js';
import type { FetchedMessage, FetchResponse } from './fetch-response.js';
import { LazyConnection } from './lazy-connection.js';
import type { KafkaSettings } from './options.js';

/** So many answers in a row without a record mean that there is none where one was expected. */
const MOST_EMPTY = 3;

/** Where records lie: `from` is the first offset, `to` is behind the last. */
export interface OffsetRange {
  readonly from: number;
  readonly to: number;
}

/** What kafkajs has inside, and its consumers use: it reads in groups only, which take seconds to form. */
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, unknown>>;
  findBroker(node: { readonly nodeId: string }): Promise<Broker>;
}

interface Broker {
  fetch(request: {
    readonly isolationLevel: number;
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly topics: readonly object[];
  }): Promise<FetchResponse>;
}

type CreateCluster = (options: {
  readonly allowAutoTopicCreation: false;
  readonly metadataMaxAge: number;
}) => Cluster;

/** Reads what lies at certain places of a topic, in no group: nothing is confirmed, and nobody waits. */
export class TopicReader {
  private readonly admin: LazyConnection<Admin>;
  private readonly cluster: LazyConnection<Cluster>;
  private isClosed = false;

  constructor(settings: KafkaSettings) {
    this.admin = new LazyConnection(() => kafkaClient(settings).admin());
    this.cluster = new LazyConnection(() => clusterOf(kafkaClient(settings)));
  }

  async topics(): Promise<string[]> {
    return this.using(this.admin, (admin) => admin.listTopics());
  }

  /** What each partition holds now. */
  async ranges(topic: string): Promise<Map<number, OffsetRange>> {
    return this.using(this.admin, async (admin) => {
      const offsets = await admin.fetchTopicOffsets(topic);
      return new Map(
        offsets.map(({ partition, low, high }) => [partition, { from: Number(low), to: Number(high) }]),
      );
    });
  }

  /**
   * Visits the records of a range in order. Of what was deleted meanwhile there is none.
   *
   * @param bytes are asked for at a time, and held
   * @throws KafkaReadError
   */
  async read(
    topic: string,
    partition: number,
    { from, to }: OffsetRange,
    bytes: number,
    visit: (record: FetchedMessage) => void,
  ): Promise<void> {
    for (let next = from, empty = 0; next < to && empty < MOST_EMPTY;) {
      const before = next;
      for (const record of await this.fetch(topic, partition, next, bytes)) {
        const offset = Number(record.offset);
        // A batch comes whole.
        if (offset < next || offset >= to) continue;
        if (!record.isControlRecord) visit(record);
        next = offset + 1;
      }
      empty = next === before ? empty + 1 : 0;
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([this.admin.close(), this.cluster.close()]);
  }

  private async fetch(
    topic: string,
    partition: number,
    offset: number,
    maxBytes: number,
  ): Promise<readonly FetchedMessage[]> {
    const partitions = [{ partition, fetchOffset: String(offset), maxBytes }];
    try {
      return await this.using(this.cluster, async (cluster) => {
        await cluster.addTargetTopic(topic);
        await cluster.refreshMetadataIfNecessary();
        const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
        if (nodeId === undefined) return [];
        const broker = await cluster.findBroker({ nodeId });
        const topics = [{ topic, partitions }];
        const { responses } = await broker.fetch({
          isolationLevel: 0,
          maxWaitTime: 200,
          minBytes: 1,
          maxBytes,
          topics,
        });
        return responses[0]?.partitions[0]?.messages ?? [];
      });
    } catch (error) {
      if (error instanceof TransportClosedError) throw error;
      throw new KafkaReadError(`'${topic}' could not be read. Try again.`, { cause: error });
    }
  }

  private async using<C extends Connection, T>(
    connection: LazyConnection<C>,
    work: (it: C) => Promise<T>,
  ): Promise<T> {
    if (this.isClosed) throw new TransportClosedError('the Kafka transport is closed');
    const it = await connection.get();
    try {
      return await work(it);
    } catch (error) {
      // Its view of the cluster may be the cause: begin afresh next time.
      await connection.drop(it);
      throw error;
    }
  }
}

interface Connection {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

const METADATA_MS = 60_000;

function clusterOf(kafka: Kafka): Cluster {
  const name = Object.getOwnPropertySymbols(kafka).find(({ description }) =>
    description?.endsWith(':createCluster'),
  );
  if (name === undefined)
    throw new KafkaReadError('this version of kafkajs cannot read outside of groups; install 2.2.4');
  const create: CreateCluster = Reflect.get(kafka, name);
  return create({ allowAutoTopicCreation: false, metadataMaxAge: METADATA_MS });
}
