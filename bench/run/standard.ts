import { resolve } from 'node:path';
import type { Meters, Row } from '../measure/row.js';
import { type BenchOptions, countOf } from '../options.js';
import { writeResults } from '../report/results.js';
import { mediansOf, ratiosTable, rowsTable } from '../report/table.js';
import { BenchSystem } from '../system.js';
import { closedRow, warmUp } from './closed-row.js';

/** The table of `npm run bench`. */
export async function standard(meters: Meters, options: BenchOptions): Promise<void> {
  const { infra, postgres } = meters;
  const settings = {
    ...options,
    namespace: 'bench',
    profileFolder: options.profile ? resolve('bench/results/profiles') : undefined,
  };
  const rows: Row[] = [];
  const systems: BenchSystem[] = [];
  try {
    systems.push(await BenchSystem.skald(infra, settings));
    if (options.ceilings) {
      systems.push(await BenchSystem.kafkaAlone(infra, settings));
      systems.push(await BenchSystem.postgresAlone(infra, settings));
    }
    for (const system of systems) await warmUp(system, options.variants);
    await postgres.reset();
    for (let round = 1; round <= options.rounds; round += 1) {
      for (const inFlight of options.inFlight) {
        for (const variant of options.variants) {
          const count = countOf(options, inFlight);
          for (const system of systems) {
            rows.push(await closedRow(meters, system, { variant, inFlight, count }));
          }
        }
      }
    }
    if (options.profile) await printStatements(meters);
  } finally {
    await Promise.all(systems.map((system) => system.stop()));
  }
  const medians = mediansOf(rows);
  process.stdout.write(`${rowsTable(medians)}\n`);
  if (options.ceilings) process.stdout.write(`\n${ratiosTable(medians, 'Skald')}\n`);
  await writeResults('latest', infra, { options, rows });
}

async function printStatements({ postgres }: Meters): Promise<void> {
  for (const { statement, calls, totalMs } of await postgres.costliest(15)) {
    process.stderr.write(`${String(totalMs).padStart(8)} ms ${String(calls).padStart(8)} × ${statement}\n`);
  }
}
