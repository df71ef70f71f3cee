import { parseArgs } from 'node:util';
import { VARIANTS, type Variant } from './work.js';

export class BenchOptionError extends Error {}

export interface BenchOptions {
  readonly variants: readonly Variant[];
  readonly inFlight: readonly number[];
  /** Sagas of a row. Default: 200 with 1 in flight, else 5,000. */
  readonly count: number | undefined;
  readonly orchestrators: number;
  readonly partitions: number;
  readonly paddingBytes: number;
  readonly rounds: number;
  readonly ceilings: boolean;
  readonly profile: boolean;
}

export const USAGE = `npm run bench -- [options]
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
  const { values } = parse(args);
  return {
    variants: list('variant', values.variant).map((text) => {
      const variant = VARIANTS.find((one) => one === text);
      if (variant === undefined) throw problem('variant', text, `one of ${VARIANTS.join(', ')}`);
      return variant;
    }),
    inFlight: list('in-flight', values['in-flight']).map((text) => whole('in-flight', text, 1)),
    count: values.count === undefined ? undefined : whole('count', values.count, 1),
    rounds: whole('rounds', values.rounds, 1),
    orchestrators: whole('orchestrators', values.orchestrators, 1),
    partitions: whole('partitions', values.partitions, 1),
    paddingBytes: whole('padding', values.padding, 0),
    ceilings: !values['no-ceilings'],
    profile: values.profile,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        variant: { type: 'string', default: 'ok,comp' },
        'in-flight': { type: 'string', default: '1,50,200' },
        count: { type: 'string' },
        rounds: { type: 'string', default: '1' },
        orchestrators: { type: 'string', default: '1' },
        partitions: { type: 'string', default: '4' },
        padding: { type: 'string', default: '0' },
        'no-ceilings': { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new BenchOptionError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

function list(option: string, text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.some((part) => part === '')) throw problem(option, text, 'values separated by commas');
  return parts;
}

function whole(option: string, text: string, minimum: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < minimum) throw problem(option, text, `a whole number from ${minimum}`);
  return value;
}

function problem(option: string, text: string, wanted: string): BenchOptionError {
  return new BenchOptionError(`--${option} is '${text}'; give ${wanted}\n\n${USAGE}`);
}

export function countOf({ count }: Pick<BenchOptions, 'count'>, inFlight: number): number {
  return count ?? (inFlight === 1 ? 200 : 5_000);
}
