import type { Load } from '../run/alternating-rows.js';
import { Flags } from './flags.js';

export interface GrowthOptions extends Load {
  /** Sagas that completed in the last 30 days. */
  readonly finished: number;
  /** Sagas that stopped in the last 30 days and wait for an operator. */
  readonly suspended: number;
}

const USAGE = `npm run bench:growth -- [options]
  --finished 1000000      completed sagas that the grown database holds before anything starts
  --suspended 100000      suspended sagas that it holds
  --variant ok            ok: three steps; comp: the third is rejected, two compensations
  --in-flight 200         sagas under way at a time
  --count 5000            sagas of a row
  --rounds 3              how often all rows are measured; the tables show medians`;

/** Ids of the sagas before are as long as those in a script, which leaves them this many digits. */
const MOST = 9_999_999;

/** @throws BenchOptionError saying what to correct */
export function readGrowthOptions(args: readonly string[]): GrowthOptions {
  const flags = Flags.read(USAGE, args, {
    finished: '1000000',
    suspended: '100000',
    variant: 'ok',
    'in-flight': '200',
    count: '5000',
    rounds: '3',
  });
  return {
    finished: flags.whole('finished', 0, MOST),
    suspended: flags.whole('suspended', 0, MOST),
    variants: flags.variants('variant'),
    inFlight: flags.wholes('in-flight', 1),
    count: flags.whole('count', 1),
    rounds: flags.whole('rounds', 1),
  };
}
