import { randomBytes } from 'node:crypto';
import { asEnvironment, BROKER_SETTINGS } from './broker-settings.js';
import { freePort } from './free-port.js';
import { KAFKA_IMAGE, POSTGRES_IMAGE } from './versions.js';

/** The first start may pull the image. */
const START_TIMEOUT_MS = 180_000;

/** A container that runs; testcontainers' own reaper removes it when this process dies without stopping it. */
export interface Container {
  /** The broker as `host:port`, or the url of PostgreSQL. */
  readonly address: string;
  stop(): Promise<void>;
}

export interface Docker {
  startKafka(): Promise<Container>;
  startPostgres(): Promise<Container>;
}

/** Docker, when its daemon answers; the probe takes no time when there is none. */
export async function findDocker(): Promise<Docker | undefined> {
  // Loaded here: it takes 0.3 s, which nobody should pay whose environment names the servers.
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
  let host: string;
  try {
    host = (await getContainerRuntimeClient()).info.containerRuntime.host;
  } catch {
    return undefined; // how it says that no daemon answers
  }
  return {
    // Not KafkaContainer: that one wraps the start script of Confluent's images.
    async startKafka() {
      const port = await freePort(); // known before the start, for the broker tells it to its clients
      const container = await new GenericContainer(KAFKA_IMAGE)
        .withExposedPorts({ container: 9092, host: port })
        .withEnvironment({
          ...asEnvironment({
            ...BROKER_SETTINGS,
            'controller.quorum.voters': '1@localhost:9093',
            listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
            'advertised.listeners': `PLAINTEXT://${host}:${port}`,
          }),
          KAFKA_HEAP_OPTS: '-Xmx512m',
        })
        .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
        .withStartupTimeout(START_TIMEOUT_MS)
        .start();
      return { address: `${host}:${port}`, stop: async () => void (await container.stop()) };
    },

    async startPostgres() {
      const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
      const container = await new PostgreSqlContainer(POSTGRES_IMAGE)
        .withUsername('skald')
        .withPassword(randomBytes(18).toString('base64url'))
        .withDatabase('postgres')
        .withCommand([
          'postgres',
          '-c',
          'max_connections=200',
          '-c',
          'shared_preload_libraries=pg_stat_statements',
        ])
        .withStartupTimeout(START_TIMEOUT_MS)
        .start();
      return { address: container.getConnectionUri(), stop: async () => void (await container.stop()) };
    },
  };
}
