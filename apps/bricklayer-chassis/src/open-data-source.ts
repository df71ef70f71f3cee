import { setTimeout as sleep } from 'node:timers/promises';
import { isAway, runMigrations } from '@skald/postgres';
import { onceThere, printableLog } from '@skald/ports';
import { Logger } from '@nestjs/common';
import { DataSource, type DataSourceOptions } from 'typeorm';

/**
 * Connects to the database and migrates it. Waits for a server that is away, at whatever moment it goes; a login that is
 * refused, or a migration that fails, ends it.
 */
export async function openDataSource(options: DataSourceOptions): Promise<DataSource> {
  const waiting = {
    what: 'the database',
    log: printableLog(new Logger('Database')),
    isAway,
    pause: (milliseconds: number) => sleep(milliseconds),
  };
  const dataSource = await onceThere(() => new DataSource(options).initialize(), waiting);
  await onceThere(() => runMigrations(dataSource), waiting);
  return dataSource;
}
