import type { Load } from '../run/alternating-rows.js';
import { Flags } from './flags.js';

export interface BenchOptions extends Load {
  readonly orchestrators: number;
  readonly partitions: number;
  readonly paddingBytes: number;
  readonly ceilings: boolean;
  readonly profile: boolean;
}

const USAGE = `npm run bench -- [options]
  --variant ok,comp       ok: three steps; comp: the third is rejected, two compensations
  --in-flight 1,50,200    sagas under way at a time
  --count N               sagas of a row (default: 200 with 1 in flight, else 5000)
  --rounds N              how often all rows are measured; the table shows medians (default 1)
  --orchestrators N       orchestrator processes (default 1)
  --partitions N          partitions of each topic (default 4)
  --padding BYTES         makes the input and every command this much larger (default 0)
  --no-ceilings           leaves out what Kafka alone and PostgreSQL alone would do
  --profile               writes a CPU profile of each process to bench/results/profiles`;

/** @throws BenchOptionError saying what to correct */
export function readOptions(args: readonly string[]): BenchOptions {
  const flags = Flags.read(USAGE, args, {
    variant: 'ok,comp',
    'in-flight': '1,50,200',
    count: undefined,
    rounds: '1',
    orchestrators: '1',
    partitions: '4',
    padding: '0',
    'no-ceilings': false,
    profile: false,
  });
  return {
    variants: flags.variants('variant'),
    inFlight: flags.wholes('in-flight', 1),
    count: flags.wholeIfGiven('count', 1),
    rounds: flags.whole('rounds', 1),
    orchestrators: flags.whole('orchestrators', 1),
    partitions: flags.whole('partitions', 1),
    paddingBytes: flags.whole('padding', 0),
    ceilings: !flags.isSet('no-ceilings'),
    profile: flags.isSet('profile'),
  };
}
