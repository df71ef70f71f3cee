import { checkEnd, newOrder, type Order, type SagaEnd, type Variant } from './order-saga.js';
import { closedLoop } from './closed-loop.js';
import { messageOf, PeerError } from './peer-error.js';
import { percentile } from './percentile.js';
import { ownCpu, type CpuMeter } from './process-cpu.js';
import { rowsFrom, type Row } from './rows.js';
import { Leftovers } from './leftovers.js';

/** A system that is up. */
export interface Peer {
  /** As rows name it. */
  readonly system: string;
  /** Those that matter for how durable and how quick it is. */
  readonly settings: readonly string[];
  /** Of all processes but this one, by name. */
  readonly cpu: Readonly<Record<string, CpuMeter>>;
  /** Has a saga run and returns how it ended. */
  readonly run: (order: Order) => Promise<SagaEnd>;
}

/** As long, for each variant, as Skald is given. */
const WARM_UP_MS = 15_000;
const WARM_UP = { inFlight: 200, sagas: 500 };

/**
 * Runs a program of the benchmark: starts the system, warms it up, measures the rows of the command line and prints
 * each as a line of JSON. Whatever `start` puts into `leftovers` is gone when the program ends, however it ends.
 */
export async function runPeer(start: (leftovers: Leftovers) => Promise<Peer>): Promise<void> {
  const leftovers = new Leftovers();
  try {
    const rows = rowsFrom(process.argv.slice(2));
    await Promise.race([measureAll(rows, () => start(leftovers)), leftovers.interrupted]);
  } catch (error) {
    process.exitCode = 1;
    const unexpected = !(error instanceof PeerError) && error instanceof Error;
    console.error(unexpected ? (error.stack ?? error.message) : messageOf(error));
  } finally {
    await leftovers.clear();
    process.exit();
  }
}

async function measureAll(rows: readonly Row[], start: () => Promise<Peer>): Promise<void> {
  const peer = await start();
  for (const variant of ['ok', 'comp'] as const) {
    const until = performance.now() + WARM_UP_MS;
    do await measure(peer, { variant, ...WARM_UP }, 'warm-up');
    while (performance.now() < until);
  }
  for (const row of rows) {
    const result = await measure(peer, row, peer.system);
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}

async function measure(peer: Peer, row: Row, title: string): Promise<object> {
  const { variant, inFlight, sagas } = row;
  const cpuBefore = await cpuOf(peer);
  const { seconds, latenciesMs } = await closedLoop(
    { inFlight, count: sagas },
    () => runChecked(peer, variant),
    (ended) => console.error(`${title}, ${variant}, ${inFlight} in flight: ${ended} of ${sagas}`),
  );
  const cpuAfter = await cpuOf(peer);
  return {
    system: peer.system,
    variant,
    inFlight,
    sagas,
    seconds: rounded(seconds),
    sagasPerSecond: rounded(sagas / seconds),
    p50: rounded(percentile(latenciesMs, 50)),
    p95: rounded(percentile(latenciesMs, 95)),
    p99: rounded(percentile(latenciesMs, 99)),
    cpu: Object.fromEntries(
      Object.entries(cpuAfter).map(([name, after]) => [name, rounded(after - (cpuBefore[name] ?? 0))]),
    ),
    settings: peer.settings,
  };
}

async function runChecked(peer: Peer, variant: Variant): Promise<void> {
  const order = newOrder(variant);
  checkEnd(variant, order, await peer.run(order));
}

async function cpuOf(peer: Peer): Promise<Record<string, number>> {
  const others = await Promise.all(
    Object.entries(peer.cpu).map(async ([name, meter]) => [name, await meter()] as const),
  );
  return { driver: ownCpu(), ...Object.fromEntries(others) };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
