import { isRecord, SkaldError } from '@skald/core';
import {
  messageOf,
  StoreNotSetUpError,
  StoreTooSlowError,
  StoreUnavailableError,
  UnstorableError,
} from '@skald/ports';
import { isConnectionError } from './is-connection-error.js';
import { lostRace } from './lost-race.js';

/**
 * Wrong numbers of rows, data exceptions, violated constraints and views' checks, exceeded limits of a program, and what a
 * trigger raises: the values are at fault, at any hour. The runtime's `isEnvironments` says the same.
 */
const VALUES = /^(?:2[123]|44|54|P0)...$/;
const SQL_STATE = /^(?=.*\d)[0-9A-Z]{5}$/;
/** Login, database, tables and rights. */
const SET_UP = /^(?:28|3D|3F|42)...$/;
/** A statement, or a transaction that said nothing, took longer than it may: PostgreSQL has cut it off. */
const TOO_SLOW = new Set(['57014', '25P03']);
/** What the driver throws without a code when a connection cannot be had, or not be used. */
const DRIVER =
  /^timeout exceeded when trying to connect|^timeout expired|^Query read timeout|^Client was closed/;

/**
 * What PostgreSQL or its driver threw, as the engine understands it: a lost race, values that cannot be stored, or a bad
 * hour. The text quotes no values; PostgreSQL's own, which may, is the cause. Whatever else was thrown is given back as it
 * is.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function storeError(error: unknown): unknown {
  if (error instanceof SkaldError || !isRecord(error)) return error;
  const { code } = error;
  const message = typeof error['message'] === 'string' ? error['message'] : '';
  const state = typeof code === 'string' && SQL_STATE.test(code) ? code : undefined;
  if (state === undefined) {
    return DRIVER.test(message) || isConnectionError(error) ? unavailable(error) : error;
  }
  const race = lostRace(error);
  if (race !== undefined) return race;
  if (VALUES.test(state)) {
    return new UnstorableError(`PostgreSQL refuses the values for good (SQLSTATE ${state})`, {
      cause: error,
    });
  }
  return new (kindOf(state))(`PostgreSQL could not do its work (SQLSTATE ${state}): ${messageOf(error)}`, {
    cause: error,
  });
}

function kindOf(state: unknown): typeof StoreUnavailableError {
  if (typeof state !== 'string') return StoreUnavailableError;
  if (TOO_SLOW.has(state)) return StoreTooSlowError;
  return SET_UP.test(state) ? StoreNotSetUpError : StoreUnavailableError;
}

/** Whether waiting may mend what PostgreSQL or its driver threw while a process boots. */
export function isAway(error: unknown): boolean {
  const told = storeError(error);
  return told instanceof StoreUnavailableError && !(told instanceof StoreNotSetUpError);
}

/** An error of whatever kind that came while a connection was asked for. */
export function unavailable(error: unknown): StoreUnavailableError {
  const message = isRecord(error) ? error['message'] : undefined;
  const reason = typeof message === 'string' && message !== '' ? `: ${message}` : '';
  const code = isRecord(error) ? error['code'] : undefined;
  return new (kindOf(code))(`PostgreSQL cannot be reached${reason}`, { cause: error });
}

/** Runs what makes the values of a statement. What cannot be made cannot be stored. */
export function makingValues<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof UnstorableError) throw error;
    throw new UnstorableError('a value of a saga cannot be written as JSON or as a time', { cause: error });
  }
}
