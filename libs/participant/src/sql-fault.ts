import { isRecord } from '@skald/core';

/**
 * Classes of errors that say nothing about what was asked of PostgreSQL: connections, logins, the database itself, memory and
 * disk, an administrator, the system, its configuration, a bug.
 */
const ENVIRONMENT = /^(08|28|3D|53|57P|58|F0|XX)/;

/**
 * Whether the error is the database's, at a place where only a handler's changes can be refused. Everything else is the
 * handler's: constraints, deadlocks, RAISE and whatever else goes wrong in a trigger.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isOfTheEnvironment(error: unknown): boolean {
  // Errors of the system, such as EPIPE, have no severity.
  if (!isRecord(error) || typeof error['severity'] !== 'string') return true;
  const { code } = error;
  return typeof code !== 'string' || ENVIRONMENT.test(code);
}
