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

export interface PlannedRow {
  readonly variant: Variant;
  readonly inFlight: number;
  readonly count: number;
}

/** The rows of one round. */
export function plannedRows({ variants, inFlight, count }: Load): PlannedRow[] {
  return inFlight.flatMap((many) =>
    variants.map((variant) => ({ variant, inFlight: many, count: count ?? (many === 1 ? 200 : 5_000) })),
  );
}

/** Measures the systems in turns, row by row, so that whatever changes on the machine meanwhile meets them all. */
export async function alternatingRows(
  meters: Meters,
  systems: readonly BenchSystem[],
  load: Load,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let round = 1; round <= load.rounds; round += 1) {
    for (const planned of plannedRows(load)) {
      for (const system of systems) rows.push(await closedRow(meters, system, planned));
    }
  }
  return rows;
}
