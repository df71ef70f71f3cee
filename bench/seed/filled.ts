import { runMigrations } from '@skald/postgres';
import { DataSource, type DataSourceOptions } from 'typeorm';

type Schema = Pick<DataSourceOptions, 'entities' | 'migrations'>;

/**
 * Makes the tables of a database and has them filled. Then does at once what autovacuum would otherwise do while
 * something is measured.
 *
 * @returns bytes of the database
 */
export async function filled(
  url: string,
  schema: Schema,
  fill: (dataSource: DataSource) => Promise<void>,
): Promise<number> {
  const dataSource = await new DataSource({ type: 'postgres', url, ...schema }).initialize();
  try {
    await runMigrations(dataSource);
    await fill(dataSource);
    await dataSource.query('VACUUM ANALYZE');
    const [{ bytes }] = await dataSource.query<[{ bytes: string }]>(
      'SELECT pg_database_size(current_database()) AS bytes',
    );
    return Number(bytes);
  } finally {
    await dataSource.destroy();
  }
}
