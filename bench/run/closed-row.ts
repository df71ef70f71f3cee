import { measureRow, type Meters, type Row } from '../measure/row.js';
import type { BenchSystem } from '../system.js';
import type { Variant } from '../work.js';

/** Whatever is compiled while it runs is by then: Kafka's JVM, the processes' own code. */
const WARM_UP_MS = 15_000;
const WARM_UP = { inFlight: 200, count: 1_000 };

let runs = 0;

/**
 * Runs each variant for a while before anything is measured, as the peers do. In the first seconds a saga costs up to
 * twice what it costs later.
 */
export async function warmUp(
  system: BenchSystem,
  variants: readonly Variant[],
  { inFlight, count, forMs = WARM_UP_MS }: { inFlight: number; count: number; forMs?: number } = WARM_UP,
): Promise<void> {
  for (const variant of variants) {
    const until = performance.now() + forMs;
    do {
      await system.driver.run({ kind: 'closed', variant, inFlight, count, name: `warm-${++runs}` });
    } while (performance.now() < until);
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
