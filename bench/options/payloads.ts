import { Flags } from './flags.js';

export interface PayloadsOptions {
  /** Bytes by which the input and every command are larger; a system for each. */
  readonly sizes: readonly number[];
  /** Sagas of a row. Default: 2,000, and 300 where they are larger than 10,000 bytes. */
  readonly count: number | undefined;
  readonly inFlight: number;
}

const USAGE = `npm run bench:payloads -- [options]
  --sizes 0,1000,10000,100000   bytes by which the input and every command are larger, a row for each
  --count N                     sagas of a row (default: 2000, and 300 above 10000 bytes)
  --in-flight 50                sagas under way at a time`;

/** @throws BenchOptionError saying what to correct */
export function readPayloadsOptions(args: readonly string[]): PayloadsOptions {
  const flags = Flags.read(USAGE, args, {
    sizes: '0,1000,10000,100000',
    count: undefined,
    'in-flight': '50',
  });
  return {
    sizes: flags.wholes('sizes', 0),
    count: flags.wholeIfGiven('count', 1),
    inFlight: flags.whole('in-flight', 1),
  };
}
