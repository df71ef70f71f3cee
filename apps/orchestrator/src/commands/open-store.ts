import { orchestratorSchema, PostgresStore } from '@skald/postgres';
import { DataSource } from 'typeorm';

/** The orchestrator's store for a command: what `DATABASE_URL` and `SKALD_NAMESPACE` name. */
export async function withStore<T>(
  work: (store: PostgresStore, namespace: string) => Promise<T>,
): Promise<T> {
  const url = process.env['DATABASE_URL'];
  if (!url) throw new Error("DATABASE_URL is missing: name the orchestrator's database");
  const dataSource = new DataSource({ type: 'postgres', url, ...orchestratorSchema });
  await dataSource.initialize();
  try {
    return await work(new PostgresStore(dataSource), process.env['SKALD_NAMESPACE'] ?? 'bricklayer');
  } finally {
    await dataSource.destroy();
  }
}
