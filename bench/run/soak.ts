import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '@skald/ports';
import type { Meters } from '../measure/row.js';
import { type SoakSample, SoakSampler } from '../measure/soak-sampler.js';
import type { SoakOptions } from '../options/soak.js';
import type { Interval, RunResult } from '../processes/protocol.js';
import { writeResults } from '../report/results.js';
import { soakChart } from '../report/soak-chart.js';
import { heapTable, soakTable } from '../report/soak-tables.js';
import { number, table } from '../report/table.js';
import { BenchSystem } from '../system.js';
import { closedRow, warmUp } from './closed-row.js';
import { withSystems } from './with-systems.js';

const VARIANT = 'ok';
const MEGABYTE = 1_000_000;

interface Soaked {
  readonly rate: number;
  readonly samples: readonly SoakSample[];
  readonly result: RunResult | undefined;
  readonly failure: string | undefined;
}

/** What grows while sagas are started at a fixed rate for a long time. */
export async function soak(meters: Meters, options: SoakOptions): Promise<void> {
  const soaked = await withSystems(async (start) => {
    const system = await start(
      BenchSystem.skald(meters.infra, {
        namespace: 'bench-soak',
        orchestrators: 1,
        partitions: 4,
        paddingBytes: 0,
      }),
    );
    await warmUp(system, [VARIANT]);
    return run(meters, system, options);
  });
  const { rate, samples, result, failure } = soaked;
  await writeResults('soak', meters.infra, { options, ...soaked });
  if (samples.length > 1) {
    await mkdir(dirname(options.svg), { recursive: true });
    await writeFile(options.svg, soakChart(samples, rate));
    process.stderr.write(`drawn to ${options.svg}\n`);
    process.stdout.write(
      `${soakTable(samples)}\n\nThe least heap of each minute:\n\n${heapTable(samples)}\n`,
    );
  }
  if (result !== undefined) process.stdout.write(`\n${resultTable(rate, result)}\n`);
  if (failure !== undefined) throw new Error(`the soak ended early: ${failure}`);
}

/** A soak that goes wrong still tells what it saw until then. */
async function run(
  meters: Meters,
  system: BenchSystem,
  { minutes, rate: given, count }: SoakOptions,
): Promise<Soaked> {
  const load = { variant: VARIANT, inFlight: 200, count } as const;
  const rate = given ?? Math.round((await closedRow(meters, system, load)).sagasPerSecond / 2);
  const sampler = await SoakSampler.open(meters, system);
  const sampling: Promise<SoakSample>[] = [];
  const take = async (interval: Interval): Promise<SoakSample> => {
    const sample = await sampler.sample(interval);
    process.stderr.write(`  ${lineOf(sample)}\n`);
    return sample;
  };
  let result: RunResult | undefined;
  let failure: string | undefined;
  try {
    result = await system.driver.run(
      { kind: 'open', variant: VARIANT, name: 'soak', sagasPerSecond: rate, seconds: minutes * 60 },
      { interval: (interval) => sampling.push(take(interval)) },
    );
  } catch (error) {
    failure = messageOf(error);
  }
  const taken = await Promise.allSettled(sampling);
  await sampler.close();
  const samples = taken.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const lost = taken.find((one) => one.status === 'rejected');
  failure ??= lost && `a sample could not be taken: ${messageOf(lost.reason)}`;
  return { rate, samples, result, failure };
}

function lineOf({ second, ended, open, p50, p99, rssBytes, lag, outboxRows }: SoakSample): string {
  const waiting = Object.values(lag).reduce((sum, value) => sum + value, 0);
  const memory = Object.entries(rssBytes).map(([name, bytes]) => `${name} ${number(bytes / MEGABYTE)} MB`);
  return [
    `${second} s: ${ended} ended, ${open} open, p50 ${p50} ms, p99 ${p99} ms`,
    `lag ${waiting}, outbox ${outboxRows}`,
    memory.join(', '),
  ].join('; ');
}

function resultTable(rate: number, { sagas, seconds, p50, p95, p99 }: RunResult): string {
  return table(
    ['started a second', 'sagas', 'seconds', 'p50 ms', 'p95 ms', 'p99 ms'],
    [
      [
        number(rate),
        number(sagas),
        number(seconds),
        ...[p50, p95, p99].map((milliseconds) => number(milliseconds, 1)),
      ],
    ],
  );
}
