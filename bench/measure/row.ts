import type { Infra } from '@skald/infra';
import type { RunResult } from '../processes/protocol.js';
import { round } from '../percentiles.js';
import type { BenchSystem } from '../system.js';
import type { Variant } from '../work.js';
import type { KafkaUsage } from './kafka-usage.js';
import type { PostgresUsage } from './postgres-usage.js';
import { processorTime } from './processor-time.js';

/** What one run of a closed loop came to. Times are in milliseconds. */
export interface Row extends RunResult {
  /** Who did the work. */
  readonly system: string;
  readonly variant: Variant;
  readonly inFlight: number;
  readonly sagasPerSecond: number;
  /** Milliseconds of processor time for each saga, by process. */
  readonly cpuPerSaga?: Readonly<Record<string, number>>;
  readonly transactionsPerSaga?: number | undefined;
  readonly walBytesPerSaga?: number;
  readonly requestsPerSaga?: number;
  readonly messagesPerSaga?: number;
  readonly [detail: string]: unknown;
}

export interface Meters {
  readonly infra: Infra;
  readonly postgres: PostgresUsage;
  readonly kafka: KafkaUsage;
}

interface Totals {
  readonly cpu: Readonly<Record<string, number>>;
  /** By process and API, e.g. `driver Fetch`. */
  readonly requests: Readonly<Record<string, number>>;
  readonly transactions: number | undefined;
  readonly walBytes: number;
  readonly messages: number;
}

/** Runs one row of the table and reads before and after it what everything has used. */
export async function measureRow(
  meters: Meters,
  system: BenchSystem,
  { variant, inFlight }: { variant: Variant; inFlight: number },
  run: () => Promise<RunResult>,
): Promise<Row> {
  const before = await totals(meters, system);
  const result = await run();
  const after = await totals(meters, system);
  const { sagas, ended, seconds } = result;
  const eachPerSaga = (
    from: Readonly<Record<string, number>>,
    to: Readonly<Record<string, number>>,
  ): Record<string, number> =>
    Object.fromEntries(
      Object.entries(to).map(([name, value]) => [name, round((value - (from[name] ?? 0)) / ended, 3)]),
    );
  const requests = eachPerSaga(before.requests, after.requests);
  const perSaga = (from: number | undefined, to: number | undefined, digits: number): number | undefined =>
    from === undefined || to === undefined ? undefined : round((to - from) / ended, digits);
  return {
    system: system.name,
    variant,
    inFlight,
    ...result,
    sagasPerSecond: round(sagas / seconds, 1),
    cpuPerSaga: eachPerSaga(before.cpu, after.cpu),
    transactionsPerSaga: perSaga(before.transactions, after.transactions, 2),
    walBytesPerSaga: perSaga(before.walBytes, after.walBytes, 0) ?? 0,
    requestsPerSaga: round(
      Object.values(requests).reduce((sum, one) => sum + one, 0),
      2,
    ),
    requests,
    messagesPerSaga: perSaga(before.messages, after.messages, 2) ?? 0,
  };
}

async function totals(
  { infra, postgres, kafka }: Meters,
  { settings: { namespace }, processes }: BenchSystem,
): Promise<Totals> {
  const cpu: Record<string, number> = {};
  const requests: Record<string, number> = {};
  for (const process of processes) {
    const sample = await process.sample();
    cpu[process.name] = sample.cpuMs;
    for (const [api, count] of Object.entries(sample.requests)) {
      requests[`${process.name} ${api}`] = count;
    }
  }
  for (const { name, pid } of infra.processes) {
    if (name === 'keeper') continue;
    const used = await processorTime(pid);
    if (used !== undefined) cpu[name] = used;
  }
  const messages = await kafka.messages(namespace);
  return { cpu, requests, messages, ...(await postgres.sample()) };
}
