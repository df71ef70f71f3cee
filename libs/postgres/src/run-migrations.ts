import type { DataSource } from 'typeorm';

/** Any number that nothing else in the database locks. */
const MIGRATION_LOCK = 7_525_323;

/**
 * Runs the pending migrations of a data source. Replicas that start at the same time wait for each other, which
 * TypeORM's own `migrationsRun` does not do.
 */
export async function runMigrations(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    try {
      await dataSource.runMigrations({ transaction: 'all' });
    } finally {
      await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    }
  } finally {
    await runner.release();
  }
}
