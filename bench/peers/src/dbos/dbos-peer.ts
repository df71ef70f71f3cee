import type { Leftovers } from '../leftovers.js';
import { packageVersion } from '../package-version.js';
import { PeerError } from '../peer-error.js';
import { programCpuWithChildren, type CpuMeter } from '../process-cpu.js';
import type { Database, DatabaseSettings } from './database.worker.js';

/** Creates a database for a run; returns what all programs on DBOS have in common. */
export async function startDatabase(leftovers: Leftovers): Promise<{
  readonly url: string;
  readonly durability: string;
  readonly cpu: Readonly<Record<string, CpuMeter>>;
}> {
  const serverUrl = process.env['DATABASE_URL'];
  if (!serverUrl) {
    throw new PeerError(
      'Set DATABASE_URL to a PostgreSQL server whose user may create databases, ' +
        'e.g. postgres://user:password@127.0.0.1:5432/postgres.',
    );
  }
  const settings: DatabaseSettings = { serverUrl };
  const script = new URL('./database.worker.ts', import.meta.url);
  const { details } = await leftovers.worker<Database>('database keeper', script, settings, {
    detached: true,
  });
  const { url, durability, postmasterPid } = details;
  const cpu = postmasterPid === undefined ? undefined : await programCpuWithChildren(postmasterPid);
  return { url, durability, cpu: cpu ? { postgres: cpu } : {} };
}

export function systemName(steps: string): string {
  return `DBOS ${packageVersion('@dbos-inc/dbos-sdk')}, ${steps}`;
}
