import { DefinitionError, type Duration, readDuration } from '@skald/core';
import { databaseTimeOf, type LendOptions, withConnection } from '@skald/postgres';
import { type JobReport, type Log, Periodic, systemClock } from '@skald/ports';
import type { DataSource } from 'typeorm';
import { deleteOldRows, type SweptRow } from './sql/delete-old-rows.js';

const DEFAULT_RETENTION: Duration = '90d';
const SHORTEST_MS = 60 * 60_000;
const ROWS_AT_A_TIME = 1_000;
const PAUSE_MS = 60_000;

/** @throws DefinitionError when it is no duration, or so short that a retry may meet an empty barrier */
export function readRetention(subject: string, value: Duration = DEFAULT_RETENTION): number {
  const milliseconds = readDuration(subject, 'barrierRetention', value);
  if (milliseconds < SHORTEST_MS) {
    const problem = `${JSON.stringify(value)} is too short; use at least '1h', and more than any saga may wait`;
    throw new DefinitionError(subject, 'barrierRetention', problem);
  }
  return milliseconds;
}

/** Removes old rows of the barrier, a few at a time. Every replica may do it: they pass over each other's rows. */
export class BarrierRetention {
  private readonly sweeping: Periodic;

  constructor(
    private readonly dataSource: DataSource,
    private readonly retentionMs: number,
    log: Log,
    private readonly options: LendOptions = {},
  ) {
    this.sweeping = new Periodic('removing old barrier rows', systemClock, log, PAUSE_MS, async () => {
      const removed = await this.sweep();
      return removed === ROWS_AT_A_TIME ? 0 : PAUSE_MS;
    });
  }

  start(): void {
    this.sweeping.start();
  }

  report(): JobReport {
    return this.sweeping.report();
  }

  /** Why old rows are not removed, when it has failed three times in a row. */
  problem(): string | undefined {
    return this.sweeping.problem();
  }

  async stop(): Promise<void> {
    await this.sweeping.stop();
  }

  /** @returns how many rows were removed, at most a thousand */
  private async sweep(): Promise<number> {
    return await withConnection(this.dataSource, this.options, async ({ client }) => {
      const values = [this.retentionMs, ROWS_AT_A_TIME];
      // A look at the database's clock besides, once a minute, for those who ask what time it is.
      const { rows } = await databaseTimeOf(this.dataSource).look(
        () => client.query<SweptRow>({ ...deleteOldRows, values }),
        (result) => result.rows[0]?.now,
      );
      return rows[0]?.removed ?? 0;
    });
  }
}
