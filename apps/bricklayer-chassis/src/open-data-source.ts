import { setTimeout as sleep } from 'node:timers/promises';
import { isRecord } from '@skald/core';
import { messageOf, printableLog } from '@skald/runtime';
import { Logger } from '@nestjs/common';
import { DataSource, type DataSourceOptions } from 'typeorm';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

/** The server is not there yet, or not yet able: what waiting mends, other than a wrong password. */
const AWAY = /^(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|EAI_AGAIN|53300|57P0[123])$/;
/** What the driver says without a code of a server that takes connections and does not answer, or hangs up. */
const SILENT = /^timeout expired|^Connection terminated/;

/** Connects to the database, and waits for a server that is away; of failures in a row the first is logged. */
export async function openDataSource(options: DataSourceOptions): Promise<DataSource> {
  const log = printableLog(new Logger('Database'));
  for (let wait = FIRST_PAUSE_MS, isWaiting = false; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
    try {
      return await new DataSource(options).initialize();
    } catch (error) {
      if (!isAway(error)) throw error;
      if (!isWaiting) log.warn(`the database does not answer and is waited for: ${messageOf(error)}`);
      isWaiting = true;
    }
    await sleep(wait);
  }
}

function isAway(error: unknown): boolean {
  if (!isRecord(error)) return false;
  const { code, message } = error;
  if (typeof code === 'string') return AWAY.test(code);
  return typeof message === 'string' && SILENT.test(message);
}
