import { topics } from '@skald/core';
import type { Infra } from '@skald/infra';
import { KafkaTransport } from '@skald/kafka';
import {
  connectionLimits,
  orchestratorSchema,
  participantSchema,
  PostgresStore,
  runMigrations,
} from '@skald/postgres';
import type { CommandContext } from '@skald/participant';
import { DefinitionRegistry, SagaEngine } from '@skald/runtime';
import kafkajs, { CompressionTypes, type Message, type ProducerRecord } from 'kafkajs';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { SAGAS } from './sagas.js';
import { type Ledger, startStock } from './stock.js';
import { TopicLog } from './topic-log.js';
import {
  type Effect,
  INBOUND,
  type Inbound,
  type RawCompression,
  type RawRecord,
  type World,
} from './world.js';

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
/** kafkajs takes minutes to choose the partition of a large key. */
const LARGE_KEY = 1_000;
const TYPES = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
} as const satisfies Record<RawCompression | 'none', CompressionTypes>;
const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** Holds nobody back: whatever were done twice would be seen in it. */
const LEDGER: Ledger = {
  transactions: { stock: 'own', money: 'shared' },
  async enter({ transaction, commandId, sagaId }: CommandContext, type) {
    await transaction.query('INSERT INTO effect (command_id, saga_id, type) VALUES ($1, $2, $3)', [
      commandId,
      sagaId,
      type,
    ]);
  },
};

let worlds = 0;

/**
 * On a real Kafka and a real PostgreSQL, in a namespace and databases of its own.
 *
 * @param infra with both
 */
export async function kafkaWorld(infra: Infra): Promise<World> {
  const brokers = infra.kafka?.brokers;
  if (brokers === undefined) throw new Error(infra.kafkaUnavailable ?? 'this needs Kafka');
  worlds += 1;
  const namespace = `hostile-${process.pid.toString(36)}-${Date.now().toString(36)}-${worlds}`;
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).toReversed()) await one();
  };
  try {
    const database = async (owner: string, schema: Schema): Promise<DataSource> => {
      const name = `${namespace}-${owner}`;
      const url = await infra.createDatabase(name);
      closing.push(() => infra.dropDatabase(name));
      const dataSource = await openDatabase(url, schema);
      closing.push(() => dataSource.destroy());
      return dataSource;
    };
    const transportOf = (clientId: string): KafkaTransport => {
      const transport = new KafkaTransport({ brokers, clientId, log: SILENT });
      closing.push(() => transport.close());
      return transport;
    };
    const orchestrating = await database('orchestrator', orchestratorSchema);
    const stocking = await database('stock', participantSchema);
    await stocking.query(
      'CREATE TABLE effect (number serial, command_id text NOT NULL, saga_id text NOT NULL, type text NOT NULL)',
    );
    const definitions = new DefinitionRegistry();
    for (const saga of SAGAS) definitions.register(saga);
    const store = new PostgresStore(orchestrating);
    const transport = transportOf('hostile-orchestrator');
    const engine = new SagaEngine({ namespace, store, transport, definitions, log: SILENT });
    const names: Record<Inbound, string> = {
      requests: topics.requests(namespace),
      replies: topics.replies(namespace),
      commands: topics.commands(namespace, 'stock'),
    };
    await transport.ensureTopics([...Object.values(names), topics.events(namespace)]);
    const kafka = new kafkajs.Kafka({ brokers, clientId: 'hostile', logLevel: kafkajs.logLevel.NOTHING });
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    closing.push(() => producer.disconnect());
    const inbound = Object.values(names);
    const letters = inbound.map((one) => topics.deadLetters(one));
    const readable = [...inbound, topics.events(namespace), ...letters];
    const [log, stock] = await Promise.all([
      TopicLog.open(kafka, `${namespace}.judge`, readable, letters),
      startStock(LEDGER, { namespace, transport: transportOf('hostile-stock'), dataSource: stocking }),
      engine.start(),
    ]);
    closing.push(
      () => log.close(),
      () => stock.close(),
      () => engine.stop(),
    );
    return {
      namespace,
      produce: async (records) => {
        for (const request of requestsOf(records, names)) await producer.send(request);
      },
      find: (ids) => store.find(ids.map((id) => ({ namespace, id }))),
      stored: (topic) => log.stored(topic === 'events' ? topics.events(namespace) : names[topic]),
      deadLetters: (topic) => log.stored(topics.deadLetters(names[topic])),
      effects: () =>
        stocking.query<Effect[]>(
          'SELECT command_id AS "commandId", saga_id AS "sagaId", type FROM effect ORDER BY number',
        ),
      lag: async () => {
        const all = await Promise.all([
          log.lag(`${namespace}.stock`, names.commands),
          log.lag(`${namespace}.orchestrator`, names.requests),
          log.lag(`${namespace}.orchestrator`, names.replies),
        ]);
        return all.reduce((sum, one) => sum + one, 0);
      },
      owed: async () => {
        const [row] = await orchestrating.query<{ rows: number }[]>(
          'SELECT count(*)::int AS rows FROM skald_outbox',
        );
        return row?.rows ?? -1;
      },
      problem: () =>
        engine.isReady()
          ? stock.problem()
          : `the orchestrator is not ready: ${engine.problem() ?? 'no reason'}`,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Schema = Required<Pick<DataSourceOptions, 'entities' | 'migrations'>>;

async function openDatabase(url: string, { entities, migrations }: Schema): Promise<DataSource> {
  const dataSource = new DataSource({ type: 'postgres', url, entities, migrations, ...connectionLimits() });
  await dataSource.initialize();
  await runMigrations(dataSource);
  return dataSource;
}

/** A producer puts what goes to one partition into one batch, which the broker takes up to 1 MiB. */
const LARGEST_REQUEST = 500_000;

/** One request for those that come together and are compressed alike, in their order, as far as the broker takes it. */
function requestsOf(
  records: readonly RawRecord[],
  names: Readonly<Record<Inbound, string>>,
): ProducerRecord[] {
  const requests: ProducerRecord[] = [];
  for (const topic of INBOUND) {
    for (const compression of COMPRESSIONS) {
      let bytes = Number.POSITIVE_INFINITY;
      for (const record of records) {
        if (record.topic !== topic || (record.compression ?? 'none') !== compression) continue;
        const size = sizeOf(record);
        if (bytes + size > LARGEST_REQUEST) {
          requests.push({ topic: names[topic], compression: TYPES[compression], messages: [] });
          bytes = 0;
        }
        bytes += size;
        requests.at(-1)?.messages.push(messageOf(record));
      }
    }
  }
  return requests;
}

function messageOf({ key, value, headers }: RawRecord): Message {
  const entries = Object.entries(headers).map(([name, one]) => [
    name,
    typeof one === 'string' ? one : [...one],
  ]);
  return {
    key,
    value,
    headers: Object.fromEntries(entries),
    ...(key.length > LARGE_KEY && { partition: 0 }),
  };
}

/** About so many bytes. */
function sizeOf({ key, value, headers }: RawRecord): number {
  const length = value === null ? 0 : Buffer.byteLength(value);
  return length + key.length + JSON.stringify(headers).length + 100;
}
