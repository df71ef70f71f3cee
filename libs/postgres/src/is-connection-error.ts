import { isRecord } from '@skald/core';
import { CONNECTION_CODES } from '@skald/ports';

/** Class 08 is connection exceptions; 57P01 to 57P03 are a server that shuts down, crashes or starts. */
const SQL_STATES = /^(08...|57P0[123])$/;

/**
 * Whether PostgreSQL could not be reached, or went away: waiting may mend that.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isConnectionError(error: unknown): boolean {
  if (!isRecord(error)) return false;
  const { code, message, cause, driverError } = error;
  if (typeof code === 'string' && (SQL_STATES.test(code) || CONNECTION_CODES.has(code))) return true;
  // What the driver throws when the other side hangs up has no code.
  if (
    typeof message === 'string' &&
    /^Connection terminated|^Client has encountered a connection error/.test(message)
  ) {
    return true;
  }
  return isConnectionError(cause) || (driverError !== undefined && isConnectionError(driverError));
}
