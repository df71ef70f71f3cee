import { isRecord } from '@skald/core';
import { CONNECTION_CODES } from './connection-codes.js';
import {
  ConcurrentChangeError,
  StoreUnavailableError,
  StoreUnusableError,
  TransportUnavailableError,
} from './errors.js';

/** What the operating system says of a connection, or when this process has too many files open to make one. */
const SYSTEM_CODES: ReadonlySet<string> = new Set([...CONNECTION_CODES, 'EMFILE', 'ENFILE']);
/** PostgreSQL's own codes: five characters, of which the first two are the class. All have a digit, unlike `EPERM`. */
const SQL_STATE = /^(?=.*\d)[0-9A-Z]{5}$/;
/**
 * Classes that blame what was written: wrong number of rows, data, constraints, WITH CHECK OPTION, program limits, RAISE.
 * All other classes are about the connection, the server, its schema or its locks.
 */
const CLASSES_OF_THE_WORK = new Set(['21', '22', '23', '44', '54', 'P0']);
/** What node-postgres says of a connection that went, without a code. */
const LOST_CONNECTION =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/i;

/**
 * Whether an error, or what caused it, says that something around the work is away, busy or not set up, so that the same
 * work may go well later. Any other error is taken for the fault of the work: trying again would end the same way.
 */
export function isEnvironments(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (
    error instanceof StoreUnavailableError ||
    error instanceof StoreUnusableError ||
    error instanceof TransportUnavailableError ||
    error instanceof ConcurrentChangeError
  ) {
    return true;
  }
  const code = isRecord(error) ? error['code'] : undefined;
  if (typeof code === 'string') {
    if (SYSTEM_CODES.has(code)) return true;
    if (SQL_STATE.test(code) && !CLASSES_OF_THE_WORK.has(code.slice(0, 2))) return true;
  }
  // TypeORM keeps what the driver threw beside `cause`.
  const driverError = 'driverError' in error ? error.driverError : undefined;
  return LOST_CONNECTION.test(error.message) || isEnvironments(error.cause) || isEnvironments(driverError);
}
