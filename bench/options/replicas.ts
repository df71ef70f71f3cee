import type { Load } from '../run/alternating-rows.js';
import { Flags } from './flags.js';

export interface ReplicasOptions extends Load {
  /** Orchestrator processes: a system for each number. */
  readonly orchestrators: readonly number[];
  readonly partitions: number;
}

const USAGE = `npm run bench:replicas -- [options]
  --orchestrators 1,2     orchestrator processes; each number is a system of its own, measured in turns
  --variant ok,comp       ok: three steps; comp: the third is rejected, two compensations
  --in-flight 200         sagas under way at a time
  --count N               sagas of a row (default: 200 with 1 in flight, else 5000)
  --rounds N              how often all rows are measured; the tables show medians (default 3)
  --partitions N          partitions of each topic (default 4)`;

/** @throws BenchOptionError saying what to correct */
export function readReplicasOptions(args: readonly string[]): ReplicasOptions {
  const flags = Flags.read(USAGE, args, {
    orchestrators: '1,2',
    variant: 'ok,comp',
    'in-flight': '200',
    count: undefined,
    rounds: '3',
    partitions: '4',
  });
  return {
    orchestrators: flags.wholes('orchestrators', 1),
    variants: flags.variants('variant'),
    inFlight: flags.wholes('in-flight', 1),
    count: flags.wholeIfGiven('count', 1),
    rounds: flags.whole('rounds', 1),
    partitions: flags.whole('partitions', 1),
  };
}
