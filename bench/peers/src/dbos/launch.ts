import { DBOS, type DBOSConfig } from '@dbos-inc/dbos-sdk';
import { expectTheEnd, quietLogger } from './quiet-logger.js';

export interface LaunchSettings {
  readonly databaseUrl: string;
  /** Of this process; recovery after a crash is by this name. */
  readonly executorId: string;
  /** The queues that this process works. */
  readonly queues: readonly string[];
  readonly poolSize: number;
}

/** Joins this process to the one application that all processes of a run are. */
export async function launch({ databaseUrl, executorId, queues, poolSize }: LaunchSettings): Promise<void> {
  const config: DBOSConfig = {
    name: 'skald-bench-peers',
    applicationVersion: 'bench',
    executorID: executorId,
    systemDatabaseUrl: databaseUrl,
    systemDatabasePoolSize: poolSize,
    listenQueues: [...queues],
    logger: quietLogger,
  };
  process.noDeprecation = true; // DBOS uses pg in a way that pg 9 will not allow
  DBOS.setConfig(config);
  await DBOS.launch();
}

export async function leave(): Promise<void> {
  expectTheEnd();
  await DBOS.shutdown();
}
