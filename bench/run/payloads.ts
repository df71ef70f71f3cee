import { messageOf } from '@skald/ports';
import type { Meters, Row } from '../measure/row.js';
import type { PayloadsOptions } from '../options/payloads.js';
import { round } from '../percentiles.js';
import { writeResults } from '../report/results.js';
import { number, rowsTable, table } from '../report/table.js';
import { scriptOf } from '../script.js';
import { BenchSystem } from '../system.js';
import { closedRow, warmUp } from './closed-row.js';
import { withSystems } from './with-systems.js';

const VARIANT = 'ok';
const COMMON = { orchestrators: 1, partitions: 4 };

interface Failed {
  readonly size: number;
  readonly problem: string;
}

/** How sagas of larger and larger payloads go, one system after the other. */
export async function payloads(meters: Meters, options: PayloadsOptions): Promise<void> {
  await warmUpServers(meters);
  const rows: Row[] = [];
  const failed: Failed[] = [];
  for (const size of options.sizes) {
    try {
      rows.push(await rowOf(meters, size, options));
    } catch (error) {
      failed.push({ size, problem: messageOf(error) });
      process.stderr.write(`  ${nameOf(size)}: ${messageOf(error)}\n`);
    }
  }
  process.stdout.write(`${rowsTable(rows)}\n\nMegabytes a second:\n\n${megabytesTable(rows)}\n`);
  await writeResults('payloads', meters.infra, { options, rows, failed });
  if (failed.length > 0) throw new Error(`failed with ${failed.map(({ size }) => nameOf(size)).join(', ')}`);
}

/** Kafka and PostgreSQL stay the same for all sizes, so that only what is new in each is left to be warmed up. */
async function warmUpServers({ infra }: Meters): Promise<void> {
  await withSystems(async (start) => {
    const options = { ...COMMON, namespace: 'bench-warm-up', paddingBytes: 0 };
    await warmUp(await start(BenchSystem.skald(infra, options)), [VARIANT]);
  });
}

async function rowOf(meters: Meters, size: number, { count, inFlight }: PayloadsOptions): Promise<Row> {
  const load = { inFlight, count: count ?? (size > 10_000 ? 300 : 2_000) };
  const namespace = `bench-${size}-bytes`;
  const row = await withSystems(async (start) => {
    const options = { ...COMMON, name: nameOf(size), namespace, paddingBytes: size };
    const system = await start(BenchSystem.skald(meters.infra, options));
    await warmUp(system, [VARIANT], { ...load, forMs: 0 });
    await meters.postgres.checkpoint();
    return closedRow(meters, system, { ...load, variant: VARIANT });
  });
  return { ...row, messageBytesPerSaga: messageBytes(namespace, size) };
}

function nameOf(size: number): string {
  return `${number(size)} bytes more`;
}

/** Of all messages of a saga, as JSON. */
function messageBytes(namespace: string, size: number): number {
  const messages = scriptOf(namespace, VARIANT, size).flatMap(({ cause, sent }) => [cause, ...sent]);
  return messages.reduce((sum, { message }) => sum + Buffer.byteLength(JSON.stringify(message)), 0);
}

function megabytesTable(rows: readonly Row[]): string {
  return table(
    ['work', 'Kafka messages, as JSON', 'PostgreSQL WAL'],
    rows.map((row) => [
      `${row.system}, ${row.variant}`,
      number(megabytes(row, Number(row['messageBytesPerSaga'])), 1),
      number(megabytes(row, row.walBytesPerSaga ?? 0), 1),
    ]),
  );
}

function megabytes({ sagasPerSecond }: Row, bytesPerSaga: number): number {
  return round((sagasPerSecond * bytesPerSaga) / 1_000_000, 3);
}
