import type { Meters } from '../measure/row.js';
import type { GrowthOptions } from '../options/growth.js';
import { median, round } from '../percentiles.js';
import { writeResults } from '../report/results.js';
import { number, ratiosTable, rowsTable, table } from '../report/table.js';
import { seed } from '../seed/seed.js';
import { BenchProcess, BenchSystem } from '../system.js';
import { alternatingRows } from './alternating-rows.js';
import { warmUp } from './closed-row.js';
import { withSystems } from './with-systems.js';

const EMPTY = 'empty';
const GROWN = 'grown';

/** What a past of many sagas costs those of today, and the start of an orchestrator. */
export async function growth(meters: Meters, options: GrowthOptions): Promise<void> {
  const { infra, postgres } = meters;
  const common = { orchestrators: 1, partitions: 4, paddingBytes: 0 };

  const seeded = await seed(infra, namespaceOf(GROWN), options);
  await postgres.checkpoint();
  process.stderr.write(`seeded in ${seeded.seconds.toFixed(0)} s\n`);

  const systems: BenchSystem[] = [];
  const rows = await withSystems(async (start) => {
    for (const name of [EMPTY, GROWN]) {
      const namespace = namespaceOf(name);
      systems.push(await start(BenchSystem.skald(infra, { ...common, name, namespace })));
    }
    for (const system of systems) await warmUp(system, options.variants);
    return alternatingRows(meters, systems, options);
  });
  const starts = await startTimes(systems, options.rounds);

  process.stdout.write(
    [
      `${number(options.finished)} completed and ${number(options.suspended)} suspended sagas, seeded in ${number(seeded.seconds)} s:`,
      '',
      table(
        ['database', 'MB'],
        Object.entries(seeded.bytes).map(([owner, bytes]) => [owner, number(bytes / 1_000_000)]),
      ),
      '',
      rowsTable(rows),
      '',
      ratiosTable(rows, GROWN),
      '',
      'From the start of an orchestrator’s process until it is ready:',
      '',
      table(
        ['database', 'ms'],
        Object.entries(starts).map(([name, times]) => [name, number(median(times))]),
      ),
      '',
    ].join('\n'),
  );
  await writeResults('growth', infra, { options, seeded, rows, startsMs: starts });
}

function namespaceOf(name: string): string {
  return `bench-${name}`;
}

/**
 * Starts an orchestrator again on what the systems have left, in turns; milliseconds by system. The first start of a
 * system also creates topics, so it is not counted.
 */
async function startTimes(
  systems: readonly BenchSystem[],
  rounds: number,
): Promise<Record<string, readonly number[]>> {
  const times: Record<string, number[]> = {};
  for (let attempt = 1; attempt <= rounds; attempt += 1) {
    for (const { name, settings } of systems) {
      const orchestrator = await BenchProcess.start('orchestrator', 'orchestrator', settings);
      await orchestrator.stop();
      (times[name] ??= []).push(round(orchestrator.startedInMs));
      process.stderr.write(
        `  ${name}: an orchestrator is ready after ${round(orchestrator.startedInMs)} ms\n`,
      );
    }
  }
  return times;
}
