import { StoreUnavailableError, StoreUnusableError } from '@skald/ports';
import type { PoolClient } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { INTRODUCTION, type Introduction, limitsOf } from './connection-limits.js';
import { databaseTimeOf } from './database-time.js';
import { unavailable } from './store-error.js';
import { watch } from './watch.js';

/** For a connection of the pool, where the data source has no `connectTimeoutMS`. */
const LEND_WITHIN_MS = 15_000;

export interface LendOptions {
  /**
   * Set it when the connections go through a pooler (PgBouncer, for example) in *session* mode, where a client has a
   * connection of its own for as long as it is connected. A pooler is refused otherwise: in transaction mode prepared statements
   * and settings end up with others. Two connections are compared at boot, so that most that are not in session mode are
   * refused all the same. Default: false.
   */
  readonly sessionPooler?: boolean | undefined;
}

/** A connection of a data source that holds nobody up for long. */
export interface LentConnection {
  readonly client: PoolClient;
  /** What must be said behind `BEGIN`, in the same breath: `; SET LOCAL …`, or nothing. */
  readonly limits: string;
  /** Before the runner is released. */
  giveBack(): void;
}

const introduced = new WeakMap<PoolClient, string>();

/**
 * Lends a runner's own connection, so that statements can be prepared by name.
 *
 * @throws StoreUnavailableError when none is to be had
 * @throws StoreUnusableError behind a pooler that was not spoken of
 */
export async function lendConnection(
  runner: QueryRunner,
  options: LendOptions = {},
): Promise<LentConnection> {
  const client = await clientOf(runner).catch((error: unknown) => {
    throw error instanceof StoreUnavailableError ? error : unavailable(error);
  });
  const unwatch = watch(client);
  try {
    let limits = introduced.get(client);
    if (limits === undefined) {
      const { rows } = await databaseTimeOf(runner.dataSource).look(
        () => client.query<Introduction>(INTRODUCTION),
        (result) => result.rows[0]?.now,
      );
      const [introduction] = rows;
      if (introduction === undefined) throw new StoreUnavailableError('PostgreSQL did not say who it is');
      checkPooler(client, introduction, options);
      limits = limitsOf(introduction);
      introduced.set(client, limits);
    }
    return { client, limits, giveBack: unwatch };
  } catch (error) {
    unwatch();
    throw error;
  }
}

/** Lends a connection for some work, and takes it back. */
export async function withConnection<T>(
  dataSource: DataSource,
  options: LendOptions,
  work: (connection: LentConnection) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner();
  let connection: LentConnection | undefined;
  try {
    connection = await lendConnection(runner, options);
    return await work(connection);
  } finally {
    connection?.giveBack();
    await runner.release();
  }
}

function clientOf(runner: QueryRunner): Promise<PoolClient> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      const reason = 'it does not answer, or all connections of the pool are in use';
      reject(
        new StoreUnavailableError(
          `no connection to PostgreSQL within ${LEND_WITHIN_MS / 1_000} s: ${reason}`,
        ),
      );
    }, LEND_WITHIN_MS);
    const lent = (client: PoolClient): void => {
      clearTimeout(timer);
      if (isLate) client.release();
      else resolve(client);
    };
    const failed = (error: unknown): void => {
      clearTimeout(timer);
      reject(error);
    };
    (runner.connect() as Promise<PoolClient>).then(lent, failed);
  });
}

/** Behind a pooler another process answers than the one that the connection was made to. */
function checkPooler(
  client: PoolClient,
  { pid }: Introduction,
  { sessionPooler = false }: LendOptions,
): void {
  const greeted: unknown = Reflect.get(client, 'processID');
  if (sessionPooler || typeof greeted !== 'number' || greeted === pid) return;
  throw behindPooler();
}

export function behindPooler(found = ''): StoreUnusableError {
  return new StoreUnusableError(
    `${found}the connections to PostgreSQL go through a pooler, such as PgBouncer: connect to PostgreSQL itself; or, when the ` +
      "pooler is in session mode and only then, say so with the option 'sessionPooler: true'. In transaction mode " +
      'prepared statements and locks would end up with others',
  );
}
