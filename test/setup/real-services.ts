import { DataSource, type DataSourceOptions } from 'typeorm';

/** The PostgreSQL that the test run was given or started; see start-infra.ts. */
export function testDatabaseUrl(): string {
  const url = process.env['SKALD_TEST_DATABASE_URL'];
  if (!url) {
    throw new Error('This test needs PostgreSQL, which the whole run starts: use `npm test -- <file>`.');
  }
  return url;
}

export function testKafkaBrokers(): string[] {
  const brokers = process.env['SKALD_TEST_KAFKA_BROKERS'];
  if (!brokers) {
    throw new Error(
      process.env['SKALD_TEST_KAFKA_UNAVAILABLE'] ??
        'This test needs Kafka, which the whole run starts: use `npm test -- <file>`.',
    );
  }
  return brokers.split(',');
}

let count = 0;

/** A name that no other test, worker or run uses: for namespaces, databases and groups. */
export function uniqueName(prefix: string): string {
  count += 1;
  return `${prefix}-${process.pid.toString(36)}-${Date.now().toString(36)}-${count}`;
}

export interface TestPool {
  readonly poolSize?: number;
  readonly pipeline?: boolean;
  /** Whoever waits longer for a connection of the pool is told that there is none. Default: waits for ever. */
  readonly connectWithinMs?: number;
}

/** An empty database of its own with the given schema, dropped by the function that comes with it. */
export async function freshDatabase(
  schema: Pick<DataSourceOptions, 'entities' | 'migrations'>,
  { poolSize = 10, pipeline = false, connectWithinMs }: TestPool = {},
): Promise<{ url: string; dataSource: DataSource; drop: () => Promise<void> }> {
  const server = new DataSource({ type: 'postgres', url: testDatabaseUrl() });
  await server.initialize();
  const name = uniqueName('test').replaceAll('-', '_');
  await server.query(`CREATE DATABASE ${name}`);
  const url = new URL(testDatabaseUrl());
  url.pathname = `/${name}`;
  const dataSource = new DataSource({
    type: 'postgres',
    url: url.href,
    poolSize,
    extra: { pipeline, ...(connectWithinMs !== undefined && { connectionTimeoutMillis: connectWithinMs }) },
    entities: schema.entities ?? [],
    migrations: schema.migrations ?? [],
    migrationsRun: true,
  });
  await dataSource.initialize();
  return {
    url: url.href,
    dataSource,
    drop: async () => {
      if (dataSource.isInitialized) await dataSource.destroy();
      await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await server.destroy();
    },
  };
}
