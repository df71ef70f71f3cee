import type { DataSourceOptions } from 'typeorm';
import { DATABASE_TIME } from './database-time.js';

/**
 * How long PostgreSQL lets one of our connections hold others up, in milliseconds. Together they let go of every lock of a
 * process that is paused or gone within 15 s: a statement in hand ends after at most 6, and the transaction 8 later.
 */
export const LIMITS = {
  /** For a lock that somebody else holds. */
  lockTimeout: 4_000,
  /** For one statement. */
  statementTimeout: 6_000,
  /** For a transaction whose client says nothing. A process that lives says something; see `watch`. */
  idleInTransaction: 8_000,
} as const;

/** When PostgreSQL gives up a client whose host does not answer. In seconds, but the last, which is in milliseconds. */
const TCP = {
  tcp_keepalives_idle: 5,
  tcp_keepalives_interval: 2,
  tcp_keepalives_count: 3,
  tcp_user_timeout: 10_000,
} as const;

export interface ConnectionLimitOptions {
  /** How long a statement of this service may take. Milliseconds, default: 6,000. */
  readonly statementTimeout?: number;
}

/** What `connectionLimits` sets of TypeORM's options for PostgreSQL. */
export type ConnectionLimits = Required<Pick<PostgresOptions, 'connectTimeoutMS' | 'extra'>>;

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/**
 * Options for a data source of TypeORM with which nobody waits for a process, a host or a server that is gone:
 *
 *     new DataSource({ type: 'postgres', url, ...connectionLimits() })
 *
 * A lock is waited for at most 4 s, a statement takes at most 6 s, a transaction that says nothing ends after 8 s, a
 * connection is to be had within 5 s, and whoever does not answer any more is given up by both sides after about 10 s.
 * The transactions of Skald itself have these limits with any data source; with this one they cost nothing, and the
 * service's own statements have them, too. `extra.pipeline` sends statements that need no answer in between together.
 */
export function connectionLimits({ statementTimeout }: ConnectionLimitOptions = {}): ConnectionLimits {
  const tcp = Object.entries(TCP).map(([name, value]) => `-c ${name}=${value}`);
  const statement = statementTimeout ?? LIMITS.statementTimeout;
  return {
    connectTimeoutMS: 5_000,
    extra: {
      pipeline: true,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
      lock_timeout: LIMITS.lockTimeout,
      statement_timeout: statement,
      idle_in_transaction_session_timeout: LIMITS.idleInTransaction,
      // Beyond what PostgreSQL itself would end: then it is the server that does not answer.
      query_timeout: statement + 9_000,
      options: tcp.join(' '),
    },
  };
}

/**
 * Asked once of each connection: who answers, what its clock says, and which limits it has. Sets those that concern nobody but who is gone.
 * Milliseconds; 0 is no limit.
 */
export const INTRODUCTION = `
  SELECT pg_backend_pid() AS pid, ${DATABASE_TIME} AS now,
         ${milliseconds('lock_timeout')} AS lock,
         ${milliseconds('statement_timeout')} AS statement,
         ${milliseconds('idle_in_transaction_session_timeout')} AS idle,
         ${Object.entries(TCP)
           .map(([name, value]) => `set_config('${name}', '${value}', false)`)
           .join(', ')}`;

export interface Introduction {
  readonly pid: number;
  /** What its clock says, in milliseconds since 1970. */
  readonly now: number;
  readonly lock: number;
  readonly statement: number;
  readonly idle: number;
}

/** What must be said at the beginning of a transaction, behind `BEGIN`; empty when the connection has all limits already. */
export function limitsOf({ lock, statement, idle }: Introduction): string {
  const missing = [
    ...(isWithin(lock, LIMITS.lockTimeout) ? [] : [`lock_timeout = ${LIMITS.lockTimeout}`]),
    // A service may have set a longer one for itself on purpose.
    ...(statement > 0 ? [] : [`statement_timeout = ${LIMITS.statementTimeout}`]),
    ...(isWithin(idle, LIMITS.idleInTransaction)
      ? []
      : [`idle_in_transaction_session_timeout = ${LIMITS.idleInTransaction}`]),
  ];
  return missing.map((setting) => `; SET LOCAL ${setting}`).join('');
}

function isWithin(value: number, limit: number): boolean {
  return value > 0 && value <= limit;
}

function milliseconds(setting: string): string {
  return `(extract(epoch FROM current_setting('${setting}')::interval) * 1000)::float8`;
}
