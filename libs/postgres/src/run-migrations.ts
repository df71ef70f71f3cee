import { DataSource, MigrationExecutor } from 'typeorm';
import { LIMITS } from './connection-limits.js';

/** Any number that nothing else in the database locks. */
const MIGRATION_LOCK = 7_525_323;
const LONGEST_WAIT_MS = 15_000;

/**
 * Runs the pending migrations of a data source. Replicas that start at the same time wait for each other, which
 * TypeORM's own `migrationsRun` does not do. All run in one transaction, on a connection of their own: a migration may take
 * as long as it must, whatever limits the data source has. It waits at most 15 s for a table that somebody else uses, since
 * others wait behind it, and is rolled back when its process is paused or gone.
 */
export async function runMigrations(dataSource: DataSource): Promise<void> {
  const { options } = dataSource;
  if (options.type !== 'postgres') throw new Error(`'${options.type}' is not PostgreSQL`);
  const { query_timeout: _, ...extra } = (options.extra ?? {}) as Record<string, unknown>;
  const own = new DataSource({
    ...options,
    poolSize: 1,
    extra: { ...extra, max: 1 },
    migrationsRun: false,
    synchronize: false,
    dropSchema: false,
  });
  await own.initialize();
  try {
    const runner = own.createQueryRunner();
    await runner.startTransaction();
    try {
      await runner.query('SET LOCAL lock_timeout = 0');
      await runner.query('SET LOCAL statement_timeout = 0');
      await runner.query(`SET LOCAL idle_in_transaction_session_timeout = ${LIMITS.idleInTransaction}`);
      await runner.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
      // Whoever wants a table after a migration that waits for it waits as long.
      await runner.query(`SET LOCAL lock_timeout = ${LONGEST_WAIT_MS}`);
      const executor = new MigrationExecutor(own, runner);
      executor.transaction = 'all';
      await executor.executePendingMigrations();
      await runner.commitTransaction();
    } catch (error) {
      await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
  } finally {
    await own.destroy();
  }
}
