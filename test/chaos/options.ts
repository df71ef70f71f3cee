import { parseArgs } from 'node:util';

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Sagas a second. */
  readonly rate: number;
}

export class ChaosOptionError extends Error {}

const USAGE = `npm run chaos -- [options]
  --minutes 6    how long sagas are started and faults strike; then all must come to rest
  --seed 1       chooses faults, their times and whom they hit
  --rate 150     sagas a second`;

/** @throws ChaosOptionError saying what to correct */
export function readOptions(args: readonly string[]): ChaosOptions {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({ args: [...args], options: { minutes: text, seed: text, rate: text } });
    const { minutes = '6', seed = '1', rate = '150' } = values;
    return {
      minutes: wholeNumber('minutes', minutes, 1),
      seed: wholeNumber('seed', seed, 0),
      rate: wholeNumber('rate', rate, 1),
    };
  } catch (error) {
    throw new ChaosOptionError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

function wholeNumber(flag: string, text: string, minimum: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= minimum && Number.isSafeInteger(value)) return value;
  throw new ChaosOptionError(`--${flag} is '${text}'; give a whole number from ${minimum}`);
}
