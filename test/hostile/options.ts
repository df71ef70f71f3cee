import { parseArgs } from 'node:util';

export class HostileOptionError extends Error {}

export interface HostileOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Where the rounds take place; on both they take turns. */
  readonly on: 'both' | 'memory' | 'kafka';
  /** The number of the first round. */
  readonly round: number;
  /** How long good sagas take among many bad messages, instead of rounds. */
  readonly load: boolean;
  /** Good sagas, and bad messages, of the load. */
  readonly count: number;
  /** Of the load; all without one. */
  readonly case: string | undefined;
}

const USAGE = `npm run hostile -- [options]
  --seed 7        chooses the messages; the same seed, the same rounds
  --minutes 1     how long
  --on both       memory, kafka (a real one, with a real PostgreSQL), or both in turns
  --round 0       the first round, to see one again
  --load          how long good sagas take among as many bad messages of each case, on Kafka
  --count 10000   good sagas, and bad messages, of --load
  --case NAME     one case of --load`;

/** @throws HostileOptionError saying what to correct */
export function readOptions(args: readonly string[]): HostileOptions {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: text,
        minutes: text,
        on: text,
        round: text,
        count: text,
        case: text,
        load: { type: 'boolean' },
      },
    });
    const { on = 'both', minutes = '1', load = false } = values;
    if (on !== 'both' && on !== 'memory' && on !== 'kafka') throw new HostileOptionError(`--on is '${on}'`);
    if (!(Number(minutes) > 0)) throw new HostileOptionError('give --minutes a number above 0');
    return {
      seed: wholeNumber('seed', values.seed ?? '7', 0),
      minutes: Number(minutes),
      on,
      round: wholeNumber('round', values.round ?? '0', 0),
      load,
      count: wholeNumber('count', values.count ?? '10000', 1),
      case: values.case,
    };
  } catch (error) {
    throw new HostileOptionError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

function wholeNumber(flag: string, text: string, minimum: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= minimum && Number.isSafeInteger(value)) return value;
  throw new HostileOptionError(`--${flag} is '${text}'; give a whole number from ${minimum}`);
}
