import type { Infra } from '@skald/infra';
import fc from 'fast-check';
import { type Endings, noEndings } from './endings.js';
import { kafkaWorld } from './kafka-world.js';
import type { Hostile } from './kinds/index.js';
import { LOAD_CASES } from './load-cases.js';
import type { HostileOptions } from './options.js';
import { runRound, type RoundReport } from './round.js';

/** Good sagas among as many bad messages take so many times as long as alone, at most. */
const MOST_TIMES_AS_LONG = 2;
const PATIENCE_MS = 240_000;

interface Measured {
  readonly name: string;
  /** Alone just before; with the next one's it is what the case is compared with. */
  readonly aloneMs: number;
  readonly amongBadMs: number;
  readonly endings: Endings;
  readonly violations: readonly string[];
}

/**
 * Good sagas alone, and among as many bad messages of one case after the other; each case in a namespace and databases of
 * its own.
 *
 * @returns whether the good ones took at most twice as long, and all held
 */
export async function runLoad(
  { seed, count, case: only }: HostileOptions,
  infra: Infra,
  say: (line: string) => void,
): Promise<boolean> {
  const names = Object.keys(LOAD_CASES).filter((name) => only === undefined || name.startsWith(only));
  if (names.length === 0)
    throw new Error(`no case begins with '${only}': ${Object.keys(LOAD_CASES).join(', ')}`);
  say(`${count} good sagas, alone and among ${count} bad messages of each case`);
  await alone(infra, count);
  const measured: Measured[] = [];
  for (const name of names) {
    measured.push(await measure(infra, name, seed, count));
    const last = measured.at(-1);
    say(`${name}: ${seconds(last?.aloneMs)} alone, ${seconds(last?.amongBadMs)} among the bad`);
  }
  const last = await alone(infra, count);
  const rows = measured.map((one, n) => {
    const baseline = (one.aloneMs + (measured[n + 1]?.aloneMs ?? last.milliseconds)) / 2;
    return { ...one, baseline, ratio: one.amongBadMs / baseline };
  });
  say('');
  say(row('case', 'alone s', 'among bad s', 'ratio', 'effect', 'answer', 'dead letter', 'ignored'));
  for (const { name, baseline, amongBadMs, ratio, endings } of rows) {
    const { effect, answer, deadLetter, ignored } = endings;
    say(
      row(
        name,
        seconds(baseline),
        seconds(amongBadMs),
        ratio.toFixed(2),
        effect,
        answer,
        deadLetter,
        ignored,
      ),
    );
  }
  for (const { name, violations } of rows) for (const text of violations) say(`VIOLATION, ${name}: ${text}`);
  const slow = rows.filter(({ ratio }) => ratio > MOST_TIMES_AS_LONG);
  for (const { name, ratio } of slow) {
    say(`NOT HELD: among '${name}' good sagas took ${ratio.toFixed(2)} times as long as alone`);
  }
  return slow.length === 0 && rows.every(({ violations }) => violations.length === 0);
}

async function alone(infra: Infra, count: number): Promise<RoundReport> {
  const world = await kafkaWorld(infra);
  try {
    return await runRound(world, { name: 'a', goods: count, hostiles: [], patienceMs: PATIENCE_MS });
  } finally {
    await world.close();
  }
}

async function measure(infra: Infra, name: string, seed: number, count: number): Promise<Measured> {
  const kind = LOAD_CASES[name];
  if (kind === undefined) throw new Error(`there is no case '${name}'`);
  const hostiles: readonly Hostile[] = fc.sample(kind, { seed, numRuns: count });
  const world = await kafkaWorld(infra);
  try {
    const options = { goods: count, patienceMs: PATIENCE_MS };
    const before = await runRound(world, { ...options, name: 'a', hostiles: [] });
    const { milliseconds, endings, violations } = await runRound(world, { ...options, name: 'b', hostiles });
    const sum = noEndings();
    for (const one of endings.values()) {
      for (const key of ['sent', 'effect', 'answer', 'deadLetter', 'ignored'] as const) sum[key] += one[key];
    }
    return {
      name,
      aloneMs: before.milliseconds,
      amongBadMs: milliseconds,
      endings: sum,
      violations: [...before.violations, ...violations.slice(0, 5)],
    };
  } finally {
    await world.close();
  }
}

function seconds(milliseconds = 0): string {
  return (milliseconds / 1_000).toFixed(1);
}

function row(name: string, ...cells: readonly (string | number)[]): string {
  return name.padEnd(44) + cells.map((cell) => String(cell).padStart(12)).join('');
}
