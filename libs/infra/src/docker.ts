import { randomBytes } from 'node:crypto';
import type { StartedTestContainer } from 'testcontainers';
import { asEnvironment, BROKER_SETTINGS } from './broker-settings.js';
import { freePort } from './free-port.js';
import { KAFKA_IMAGE, POSTGRES_IMAGE } from './versions.js';

/** The first start may pull the image. */
const START_TIMEOUT_MS = 180_000;

/** A container that runs; testcontainers' own reaper removes it when this process dies without stopping it. */
export interface Container {
  /** The broker as `host:port`, or the url of PostgreSQL. */
  readonly address: string;
  /** Ends what runs in it, and keeps its port and its data. */
  pause(): Promise<void>;
  resume(): Promise<void>;
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
  let client: Awaited<ReturnType<typeof getContainerRuntimeClient>>;
  try {
    client = await getContainerRuntimeClient();
  } catch {
    return undefined; // how it says that no daemon answers
  }
  const { host } = client.info.containerRuntime;
  const started = (address: string, container: StartedTestContainer): Container => {
    const inner = client.container.getById(container.getId());
    return {
      address,
      pause: () => client.container.stop(inner, { timeout: 0 }),
      resume: () => client.container.start(inner),
      stop: async () => void (await container.stop()),
    };
  };
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
      return started(`${host}:${port}`, container);
    },

    async startPostgres() {
      const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
      const container = await new PostgreSqlContainer(POSTGRES_IMAGE)
        .withExposedPorts({ container: 5432, host: await freePort() }) // the same after a pause
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
      return started(container.getConnectionUri(), container);
    },
  };
}
