import type { Meters } from '../measure/row.js';
import type { ReplicasOptions } from '../options/replicas.js';
import { writeResults } from '../report/results.js';
import { ratiosTable, rowsTable } from '../report/table.js';
import { BenchSystem } from '../system.js';
import { alternatingRows } from './alternating-rows.js';
import { warmUp } from './closed-row.js';
import { withSystems } from './with-systems.js';

/** The same work with different numbers of orchestrator processes, all on this machine. */
export async function replicas(meters: Meters, options: ReplicasOptions): Promise<void> {
  const { infra } = meters;
  const { partitions } = options;
  const rows = await withSystems(async (start) => {
    const systems: BenchSystem[] = [];
    for (const orchestrators of options.orchestrators) {
      const namespace = `bench-replicas-${orchestrators}`;
      const name = nameOf(orchestrators);
      systems.push(
        await start(
          BenchSystem.skald(infra, { name, namespace, orchestrators, partitions, paddingBytes: 0 }),
        ),
      );
    }
    for (const system of systems) await warmUp(system, options.variants);
    return alternatingRows(meters, systems, options);
  });
  process.stdout.write(`${rowsTable(rows)}\n`);
  for (const orchestrators of options.orchestrators.slice(1)) {
    process.stdout.write(`\n${ratiosTable(rows, nameOf(orchestrators))}\n`);
  }
  await writeResults('replicas', infra, { options, rows });
}

function nameOf(orchestrators: number): string {
  return orchestrators === 1 ? '1 orchestrator' : `${orchestrators} orchestrators`;
}
