import type { HistoryEntry, SagaInstance } from '@skald/core';
import { UnstorableError } from '@skald/ports';

/** From the year 1 to the year 9999: what RFC 3339 has four digits for. */
const EARLIEST = Date.parse('0001-01-01T00:00:00Z');
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Refuses what no database could hold, so that tests in memory see it.
 *
 * @throws UnstorableError for what JSON cannot say, and for times that have no date
 */
export function checkStorable(row: SagaInstance | HistoryEntry): void {
  const times = 'at' in row ? [row.at] : [row.createdAt, row.updatedAt, row.wakeAt ?? 0];
  // NaN is neither.
  if (!times.every((time) => time >= EARLIEST && time <= LATEST)) {
    throw new UnstorableError('a time of a saga is no date that can be stored');
  }
  try {
    JSON.stringify(row);
  } catch (error) {
    throw new UnstorableError('a value of a saga cannot be written as JSON', { cause: error });
  }
}
