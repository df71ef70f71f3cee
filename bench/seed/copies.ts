import { PLACEHOLDER } from '../script.js';
import type { DataSource } from 'typeorm';

/** Copies of one saga of the past. */
export interface Copies {
  /** Begins their ids: four characters, so that the ids are as long as the placeholder. */
  readonly prefix: string;
  readonly count: number;
}

const DAYS = 30;
const AT_A_TIME = 20_000;
const PROGRESS_MS = 5_000;

/**
 * What a statement of a copy reads from: the ids to give, oldest first, and how much longer ago than the original each of
 * them was. The whole of them is spread over the past 30 days. Parameters: prefix, first and last number, count.
 */
export const COPIES = `
  SELECT $1 || lpad(n::text, ${PLACEHOLDER.length - 4}, '0') AS id,
         ($4::float8 - n) / $4::float8 * interval '-${DAYS} days' AS shift
    FROM generate_series($2::int, $3::int) AS n`;

/** Runs a statement that begins with `COPIES` for all copies, some thousands at a time. */
export async function copy(
  dataSource: DataSource,
  what: string,
  { prefix, count }: Copies,
  statement: string,
  parameters: readonly unknown[],
): Promise<void> {
  let toldAt = performance.now();
  for (let first = 1; first <= count; first += AT_A_TIME) {
    const last = Math.min(count, first + AT_A_TIME - 1);
    await dataSource.query(statement, [prefix, first, last, count, ...parameters]);
    if (performance.now() - toldAt < PROGRESS_MS) continue;
    toldAt = performance.now();
    process.stderr.write(`  ${what}: ${last} of ${count}\n`);
  }
}
