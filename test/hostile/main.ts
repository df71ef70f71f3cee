import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { ANY_HOSTILE, type Hostile } from './kinds.js';
import { memoryWorld } from './memory-world.js';
import { type Endings, type RoundReport, runRound } from './round.js';

const GOODS = 20;
const MOST_HOSTILES = 200;
const PATIENCE_MS = 20_000;

class ViolationError extends Error {}

/** `npm run hostile -- --seed 7 --minutes 5`: rounds of hostile messages among good sagas, until the time is over. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seed: { type: 'string', default: '7' }, minutes: { type: 'string', default: '1' } },
  });
  const seed = Number(values.seed);
  const minutes = Number(values.minutes);
  if (!Number.isInteger(seed) || !(minutes > 0)) {
    throw new Error('use --seed with a whole number and --minutes with a number above 0');
  }
  const total = new Map<string, Endings>();
  let rounds = 0;
  const round = async (hostiles: readonly Hostile[]): Promise<void> => {
    const { endings, violations } = await inFreshWorld(hostiles);
    rounds += 1;
    add(total, endings);
    if (violations.length > 0) throw new ViolationError(violations.slice(0, 5).join('\n'));
  };
  const hostiles = fc.array(ANY_HOSTILE, { maxLength: MOST_HOSTILES, size: 'max' });
  const result = await fc.check(fc.asyncProperty(hostiles, round), {
    seed,
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: minutes * 60_000,
    markInterruptAsFailure: false,
  });
  process.stdout.write(`${rounds} rounds of ${GOODS} good sagas, seed ${seed}\n${table(total)}\n`);
  if (result.counterexample === null) return;
  const [least] = result.counterexample;
  process.stdout.write(`\nVIOLATION: ${String(result.errorInstance)}\nThe least that shows it:\n`);
  for (const [n, hostile] of least.entries()) {
    const { value, headers } = hostile.make(`h-${n}`, 'shop');
    const text = JSON.stringify({ topic: hostile.topic, value: value.slice(0, 1_000), headers });
    process.stdout.write(`- ${hostile.kind}: ${text.slice(0, 2_000)}\n`);
  }
  process.exitCode = 1;
}

async function inFreshWorld(hostiles: readonly Hostile[]): Promise<RoundReport> {
  const world = await memoryWorld();
  try {
    return await runRound(world, { name: 'r', goods: GOODS, hostiles, patienceMs: PATIENCE_MS });
  } finally {
    await world.close();
  }
}

function add(total: Map<string, Endings>, endings: ReadonlyMap<string, Endings>): void {
  for (const [kind, { sent, deadLetters, answered, silent }] of endings) {
    const sum = total.get(kind) ?? { sent: 0, deadLetters: 0, answered: 0, silent: 0 };
    sum.sent += sent;
    sum.deadLetters += deadLetters;
    sum.answered += answered;
    sum.silent += silent;
    total.set(kind, sum);
  }
}

function table(total: ReadonlyMap<string, Endings>): string {
  const rows = [...total].toSorted(([a], [b]) => a.localeCompare(b));
  return [
    line('kind', 'sent', 'dead letters', 'answered', 'silent'),
    ...rows.map(([kind, { sent, deadLetters, answered, silent }]) =>
      line(kind, sent, deadLetters, answered, silent),
    ),
  ].join('\n');
}

function line(kind: string, ...cells: readonly (string | number)[]): string {
  return kind.padEnd(34) + cells.map((cell) => String(cell).padStart(13)).join('');
}

await main();
