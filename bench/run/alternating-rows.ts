import type { Meters, Row } from '../measure/row.js';
import type { BenchSystem } from '../system.js';
import type { Variant } from '../work.js';
import { closedRow } from './closed-row.js';

/** What every system is given to do, in closed loops. */
export interface Load {
  readonly variants: readonly Variant[];
  /** Sagas under way at a time; a row for each. */
  readonly inFlight: readonly number[];
  /** Sagas of a row. Default: 200 with 1 in flight, else 5,000. */
  readonly count: number | undefined;
  /** How often all rows are measured. */
  readonly rounds: number;
}

/** Measures the systems in turns, row by row, so that whatever changes on the machine meanwhile meets them all. */
export async function alternatingRows(
  meters: Meters,
  systems: readonly BenchSystem[],
  { variants, inFlight, count, rounds }: Load,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const many of inFlight) {
      for (const variant of variants) {
        for (const system of systems) {
          const row = { variant, inFlight: many, count: count ?? (many === 1 ? 200 : 5_000) };
          rows.push(await closedRow(meters, system, row));
        }
      }
    }
  }
  return rows;
}
