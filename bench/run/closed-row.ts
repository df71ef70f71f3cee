import { measureRow, type Meters, type Row } from '../measure/row.js';
import type { BenchSystem } from '../system.js';
import type { Variant } from '../work.js';

const WARM_UP = [
  { inFlight: 50, count: 1_000 },
  { inFlight: 200, count: 8_000 },
];

let runs = 0;

/**
 * Lets code be compiled and connections be opened before anything is measured. Kafka's JVM takes longest: at first a saga
 * costs it 0.5 ms of processor time, after 15,000 of them 0.2 ms.
 */
export async function warmUp(
  system: BenchSystem,
  variants: readonly Variant[],
  loads: readonly { readonly inFlight: number; readonly count: number }[] = WARM_UP,
): Promise<void> {
  for (const load of loads) {
    for (const variant of variants) {
      await system.driver.run({ kind: 'closed', variant, ...load, name: `warm-${++runs}` });
    }
  }
}

export async function closedRow(
  meters: Meters,
  system: BenchSystem,
  { variant, inFlight, count }: { variant: Variant; inFlight: number; count: number },
): Promise<Row> {
  const label = `${system.name}, ${variant}, ${inFlight} in flight`;
  const row = await measureRow(meters, system, { variant, inFlight }, () =>
    system.driver.run(
      { kind: 'closed', variant, inFlight, count, name: `run-${++runs}` },
      { progress: (ended) => process.stderr.write(`  ${label}: ${ended} of ${count}\n`) },
    ),
  );
  process.stderr.write(`  ${label}: ${row.sagasPerSecond} sagas/s, p50 ${row.p50} ms, p99 ${row.p99} ms\n`);
  return row;
}
