import { Flags } from './flags.js';

export interface SoakOptions {
  readonly minutes: number;
  /** Sagas a second. Default: half of what a closed loop comes to. */
  readonly rate: number | undefined;
  /** Sagas of the closed loop that finds the rate. */
  readonly count: number;
  /** Where the chart is written. */
  readonly svg: string;
}

const USAGE = `npm run bench:soak -- [options]
  --minutes 10            how long sagas are started at a fixed rate
  --rate N                sagas a second (default: half of what 200 in flight come to, measured first)
  --count 5000            sagas of the row that finds that
  --svg PATH              where the chart is written (default bench/results/soak.svg)`;

/** @throws BenchOptionError saying what to correct */
export function readSoakOptions(args: readonly string[]): SoakOptions {
  const flags = Flags.read(USAGE, args, {
    minutes: '10',
    rate: undefined,
    count: '5000',
    svg: 'bench/results/soak.svg',
  });
  return {
    minutes: flags.whole('minutes', 1),
    rate: flags.wholeIfGiven('rate', 1),
    count: flags.whole('count', 1),
    svg: flags.text('svg') ?? '',
  };
}
