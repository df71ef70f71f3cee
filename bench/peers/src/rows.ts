import { parseArgs } from 'node:util';
import { messageOf, PeerError } from './peer-error.js';
import type { Variant } from './order-saga.js';

export interface Row {
  readonly variant: Variant;
  /** So many sagas are in flight at any time. */
  readonly inFlight: number;
  /** The row is done when so many have ended. */
  readonly sagas: number;
}

const USAGE =
  'Say which rows to measure, as variant:inFlight:sagas, e.g. --rows ok:1:200,ok:200:5000,comp:200:5000';

export function rowsFrom(args: readonly string[]): Row[] {
  const rows = rowsOption(args);
  if (rows === undefined) throw new PeerError(`${USAGE}.`);
  return rows.split(',').map(parseRow);
}

function rowsOption(args: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...args], options: { rows: { type: 'string' } } }).values.rows;
  } catch (error) {
    throw new PeerError(`${messageOf(error)}. ${USAGE}.`);
  }
}

function parseRow(text: string): Row {
  const [, variant, inFlight, sagas] = /^(ok|comp):([1-9]\d*):([1-9]\d*)$/.exec(text) ?? [];
  if (variant !== 'ok' && variant !== 'comp') throw new PeerError(`"${text}" is not a row. ${USAGE}.`);
  return { variant, inFlight: Number(inFlight), sagas: Number(sagas) };
}
