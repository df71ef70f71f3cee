import { Flags } from './flags.js';

export interface CheckOptions {
  /** Keeps what was measured as what later runs are compared with. */
  readonly store: boolean;
}

const USAGE = `npm run bench:check -- [options]
  --store                 keeps what is measured in bench/stored-ratio.json, to compare later runs with`;

/** @throws BenchOptionError saying what to correct */
export function readOptions(args: readonly string[]): CheckOptions {
  const flags = Flags.read(USAGE, args, { store: false });
  return { store: flags.isSet('store') };
}
