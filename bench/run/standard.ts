import { resolve } from 'node:path';
import type { Meters } from '../measure/row.js';
import type { BenchOptions } from '../options/standard.js';
import { writeResults } from '../report/results.js';
import { ratiosTable, rowsTable } from '../report/table.js';
import { BenchSystem } from '../system.js';
import { alternatingRows } from './alternating-rows.js';
import { warmUp } from './closed-row.js';
import { withSystems } from './with-systems.js';

/** The table of `npm run bench`. */
export async function standard(meters: Meters, options: BenchOptions): Promise<void> {
  const { infra, postgres } = meters;
  const settings = {
    ...options,
    namespace: 'bench',
    profileFolder: options.profile ? resolve('bench/results/profiles') : undefined,
  };
  const rows = await withSystems(async (start) => {
    const systems = [await start(BenchSystem.skald(infra, settings))];
    if (options.ceilings) {
      systems.push(await start(BenchSystem.kafkaAlone(infra, settings)));
      systems.push(await start(BenchSystem.postgresAlone(infra, settings)));
    }
    for (const system of systems) await warmUp(system, options.variants);
    await postgres.reset();
    const measured = await alternatingRows(meters, systems, options);
    if (options.profile) await printStatements(meters);
    return measured;
  });
  process.stdout.write(`${rowsTable(rows)}\n`);
  if (options.ceilings) process.stdout.write(`\n${ratiosTable(rows, 'Skald')}\n`);
  await writeResults('latest', infra, { options, rows });
}

async function printStatements({ postgres }: Meters): Promise<void> {
  for (const { statement, calls, totalMs } of await postgres.costliest(15)) {
    process.stderr.write(`${String(totalMs).padStart(8)} ms ${String(calls).padStart(8)} × ${statement}\n`);
  }
}
