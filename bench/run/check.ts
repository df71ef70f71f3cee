import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Meters } from '../measure/row.js';
import type { CheckOptions } from '../options/check.js';
import { median, round } from '../percentiles.js';
import { ratiosByRound } from '../report/rounds.js';
import { BenchSystem } from '../system.js';
import { alternatingRows, type Load } from './alternating-rows.js';
import { withSystems } from './with-systems.js';

/** Hops of an `ok` saga over Kafka, one after the other: the start, three commands, three replies, the end. */
const HOPS = 8;
/** A fall by a third. */
const LEAST_PART = 2 / 3;
const WARM_UP = { kind: 'closed', variant: 'ok', inFlight: 100, count: 2_500 } as const;
const LOAD: Load = { variants: ['ok'], inFlight: [100], count: 2_000, rounds: 3 };
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
  const stored = store ? undefined : await readStored();
  const sagasPerHop = await withSystems(async (start) => {
    const settings = { namespace: 'check', orchestrators: 1, partitions: 4, paddingBytes: 0 };
    const skald = await start(BenchSystem.skald(meters.infra, settings));
    const kafka = await start(BenchSystem.kafkaAlone(meters.infra, settings));
    for (const { driver } of [skald, kafka]) await driver.run({ ...WARM_UP, name: 'warm' });
    const first = await measure(meters, [skald, kafka]);
    // A neighbour on the machine may have spoilt it.
    return isFallen(first, stored) ? measure(meters, [skald, kafka]) : first;
  });
  if (stored === undefined) {
    await writeFile(FILE, `${JSON.stringify({ sagasPerHop } satisfies Stored, null, 2)}\n`);
    process.stdout.write(`${sagasPerHop} sagas for each hop of Kafka alone: stored\n`);
    return;
  }
  const percent = round((100 * sagasPerHop) / stored.sagasPerHop);
  process.stdout.write(
    `${sagasPerHop} sagas for each hop of Kafka alone, ${percent} % of the stored ${stored.sagasPerHop}\n`,
  );
  if (!isFallen(sagasPerHop, stored)) return;
  throw new Error(
    'Skald has become slower by more than a third. Find out why with npm run bench -- --profile; if the price is worth ' +
      'paying, store the new ratio with npm run bench:check -- --store and say so in the commit.',
  );
}

async function measure(meters: Meters, systems: readonly BenchSystem[]): Promise<number> {
  const rows = await alternatingRows(meters, systems, LOAD);
  const [first] = rows;
  if (first === undefined) throw new Error('nothing was measured');
  return round(median(ratiosByRound(rows, first, 'Kafka alone')) / HOPS, 4);
}

function isFallen(sagasPerHop: number, stored: Stored | undefined): boolean {
  return stored !== undefined && sagasPerHop < LEAST_PART * stored.sagasPerHop;
}

async function readStored(): Promise<Stored> {
  return JSON.parse(await readFile(FILE, 'utf8')) as Stored;
}
