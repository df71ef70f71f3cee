import type { PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { behindPooler, type LendOptions, withConnection } from './lent-connection.js';
import { poolSizeOf } from './pool-size.js';

/** A setting of nobody's, by which a connection knows itself again. */
const MARK = 'skald.connection';
const LOOK = `SELECT pg_backend_pid() AS pid, current_setting('${MARK}', true) AS mark`;

interface Server {
  readonly pid: number;
  readonly mark: string | null;
}

/**
 * Of a pooler that is said to be in session mode: whether two connections are each served by one process of PostgreSQL, and by
 * no other's. In transaction mode they are not, unless chance has it: what the first has set, the second meets while the first is
 * at rest; and while the second holds on to that in a transaction, the first is served by another.
 *
 * @throws StoreUnusableError when it is in another mode
 */
export async function checkSessionPooler(dataSource: DataSource, options: LendOptions): Promise<void> {
  if (options.sessionPooler !== true) return;
  await withConnection(dataSource, options, async ({ client }) => {
    const mark = crypto.randomUUID();
    await client.query({ text: `SELECT set_config('${MARK}', $1, false)`, values: [mark] });
    const first = await look(client);
    const check = async (): Promise<void> => {
      const again = await look(client);
      if (first.mark !== mark || again.mark !== mark || again.pid !== first.pid)
        throw behindPooler("'sessionPooler: true' was said, but the pooler is in another mode: ");
    };
    if (poolSizeOf(dataSource) < 2) return check();
    await withConnection(dataSource, options, async ({ client: second }) => {
      await second.query('BEGIN');
      try {
        const other = await look(second);
        if (other.pid === first.pid || other.mark === mark)
          throw behindPooler("'sessionPooler: true' was said, but the pooler is in another mode: ");
        await check();
      } finally {
        await second.query('ROLLBACK');
      }
    });
    await client.query(`SELECT set_config('${MARK}', '', false)`);
  });
}

async function look(client: PoolClient): Promise<Server> {
  const { rows } = await client.query<Server>(LOOK);
  return rows[0] ?? { pid: 0, mark: null };
}
