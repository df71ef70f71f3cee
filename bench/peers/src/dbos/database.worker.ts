import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { messageOf } from '../peer-error.js';
import { parentOf } from '../process-cpu.js';
import { work } from '../worker.js';

/** Keeps a database of its own on the given server: drops it when the benchmark ends. */

export interface DatabaseSettings {
  readonly serverUrl: string;
}

export interface Database {
  readonly url: string;
  /** What decides how durable a commit is, as the server has it. */
  readonly durability: string;
  /** The parent of the server's processes, when they are on this machine. */
  readonly postmasterPid?: number;
}

let serverUrl = '';
const name = `skald_bench_peers_${randomBytes(6).toString('hex')}`;
let creation: Promise<Database> | undefined;

work((settings: DatabaseSettings) => (creation = create(settings)), drop);

async function create(settings: DatabaseSettings): Promise<Database> {
  serverUrl = settings.serverUrl;
  return await connected(async (client) => {
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    const { rows } = await client.query<{ version: string; fsync: string; commit: string; pid: number }>(
      `SELECT current_setting('server_version') AS version,
              current_setting('fsync') AS fsync,
              current_setting('synchronous_commit') AS commit,
              pg_backend_pid() AS pid`,
    );
    const [found] = rows;
    if (!found) throw new Error('PostgreSQL does not tell its settings.');
    const { version, fsync, commit, pid } = found;
    const postmasterPid = await parentOf(pid, 'postgres');
    return {
      url: url.href,
      durability: `PostgreSQL ${version}, fsync ${fsync}, synchronous_commit ${commit}`,
      ...(postmasterPid !== undefined && { postmasterPid }),
    };
  });
}

async function drop(): Promise<void> {
  if (!(await creation?.catch(() => undefined))) return;
  await connected((client) =>
    client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`),
  );
}

async function connected<T>(use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: serverUrl });
  try {
    await client.connect();
  } catch (error) {
    throw new Error(`PostgreSQL at DATABASE_URL does not answer: ${messageOf(error)}.`, { cause: error });
  }
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
