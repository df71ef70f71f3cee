import { escapeIdentifier } from 'pg';
import { query } from './answers.js';
import { codeOf, InfraError } from './infra-error.js';

const LONGEST_NAME_BYTES = 63;
const ALREADY_THERE = new Set(['42P04', '23505']); // the second when two create the same at once
const NOT_ALLOWED = '42501';

/** Creates the database unless it exists; returns the url of the server with that database. */
export async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const { rows } = await query(serverUrl, 'SELECT 1 FROM pg_database WHERE datname = $1', [checked(name)]);
  if (rows.length === 0) {
    try {
      await query(serverUrl, `CREATE DATABASE ${escapeIdentifier(name)}`);
    } catch (error) {
      const code = codeOf(error) ?? '';
      if (code === NOT_ALLOWED) {
        const message = `The user of DATABASE_URL may not create the database "${name}": ALTER ROLE … CREATEDB, or use another user.`;
        throw new InfraError('NO_ANSWER', message, [], { cause: error });
      }
      if (!ALREADY_THERE.has(code)) throw error;
    }
  }
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.href;
}

/** Drops the database if it exists, and ends the sessions in it. */
export async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  await query(serverUrl, `DROP DATABASE IF EXISTS ${escapeIdentifier(checked(name))} WITH (FORCE)`);
}

/** PostgreSQL would cut a longer name without an error, and the url would name no database. */
function checked(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes >= 1 && bytes <= LONGEST_NAME_BYTES && !name.includes('\0')) return name;
  throw new InfraError(
    'INVALID_SETTING',
    `A database name has 1 to ${LONGEST_NAME_BYTES} bytes; "${name}" has ${bytes}.`,
  );
}
