import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Meters } from '../measure/row.js';
import type { CheckOptions } from '../options/check.js';
import { median, round } from '../percentiles.js';
import { ratiosByRound } from '../report/rounds.js';
import { BenchSystem } from '../system.js';
import { alternatingRows } from './alternating-rows.js';
import { withSystems } from './with-systems.js';

/** Hops of an `ok` saga over Kafka, one after the other: the start, three commands, three replies, the end. */
const HOPS = 8;
/** A fall by a third. */
const LEAST_PART = 2 / 3;
const WARM_UP = { kind: 'closed', variant: 'ok', inFlight: 100, count: 2_500 } as const;
const FILE = resolve('bench/stored-ratio.json');

interface Stored {
  /** Skald's sagas per second for each hop per second of Kafka alone. */
  readonly sagasPerHop: number;
}

/**
 * A guard against changes that make Skald slow, for CI: under a minute, and a ratio, since machines differ. Skald's sagas
 * per second are divided by the hops per second that the same machine's Kafka does with nothing decided and nothing stored.
 */
export async function check(meters: Meters, { store }: CheckOptions): Promise<void> {
  const rows = await withSystems(async (start) => {
    const settings = { namespace: 'check', orchestrators: 1, partitions: 4, paddingBytes: 0 };
    const skald = await start(BenchSystem.skald(meters.infra, settings));
    const kafka = await start(BenchSystem.kafkaAlone(meters.infra, settings));
    for (const { driver } of [skald, kafka]) await driver.run({ ...WARM_UP, name: 'warm' });
    return alternatingRows(meters, [skald, kafka], {
      variants: ['ok'],
      inFlight: [100],
      count: 2_000,
      rounds: 3,
    });
  });
  const [first] = rows;
  if (first === undefined) throw new Error('nothing was measured');
  const sagasPerHop = round(median(ratiosByRound(rows, first, 'Kafka alone')) / HOPS, 4);
  if (store) {
    await writeFile(FILE, `${JSON.stringify({ sagasPerHop } satisfies Stored, null, 2)}\n`);
    process.stdout.write(`${sagasPerHop} sagas for each hop of Kafka alone: stored\n`);
    return;
  }
  const stored = JSON.parse(await readFile(FILE, 'utf8')) as Stored;
  const part = sagasPerHop / stored.sagasPerHop;
  process.stdout.write(
    `${sagasPerHop} sagas for each hop of Kafka alone, ${round(100 * part)} % of the stored ${stored.sagasPerHop}\n`,
  );
  if (part >= LEAST_PART) return;
  throw new Error(
    'Skald has become slower by more than a third. Find out why with npm run bench -- --profile; if the price is worth ' +
      'paying, store the new ratio with npm run bench:check -- --store and say so in the commit.',
  );
}
