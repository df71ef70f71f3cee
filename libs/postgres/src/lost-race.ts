import { isRecord } from '@skald/core';
import { ConcurrentChangeError } from '@skald/ports';

/** Two transactions waited for each other, or could not have run one after the other: PostgreSQL has ended this one. */
const DEADLOCK = '40P01';
const SERIALIZATION = '40001';
const UNIQUE = '23505';
/** Whoever meets a key here has decided on an instance that another worker has created or changed in the meantime. */
const TABLES = ['skald_instance', 'skald_history'];

/** The error that says so when another worker was faster, so that the batch is decided again; nothing for any other error. */
export function lostRace(error: unknown): ConcurrentChangeError | undefined {
  if (!isRecord(error)) return undefined;
  const { code, table } = error;
  if (code === DEADLOCK || code === SERIALIZATION) {
    return new ConcurrentChangeError('PostgreSQL ended one of two transactions that waited for each other', {
      cause: error,
    });
  }
  if (code !== UNIQUE || typeof table !== 'string' || !TABLES.includes(table)) return undefined;
  return new ConcurrentChangeError('another worker created or changed a saga of this batch first', {
    cause: error,
  });
}
