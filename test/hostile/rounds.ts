import type { Infra } from '@skald/infra';
import fc from 'fast-check';
import { addEndings, type Endings, endingsTable } from './endings.js';
import { shown } from './judge.js';
import { kafkaWorld } from './kafka-world.js';
import { anyOf, BROKER_KINDS, type Hostile, KINDS } from './kinds/index.js';
import { memoryWorld } from './memory-world.js';
import type { HostileOptions } from './options.js';
import { runRound } from './round.js';
import type { World } from './world.js';

const GOODS = 20;
const MOST_HOSTILES = 200;
const PATIENCE_MS = 20_000;
const SHRINK_WITHIN_MS = 180_000;

class ViolationError extends Error {}

/** A world that serves round after round, until one of them finds something: then the next one gets a new one. */
class Worlds {
  private world: World | undefined;

  constructor(private readonly make: () => Promise<World>) {}

  async with<T>(work: (world: World) => Promise<T>): Promise<T> {
    this.world ??= await this.make();
    try {
      return await work(this.world);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.world?.close();
    this.world = undefined;
  }
}

/**
 * Rounds of hostile messages among good sagas, until the time is over or one of them finds a violation.
 *
 * @param infra absent in memory
 * @returns whether all held
 */
export async function runRounds(
  { seed, minutes, on, round: first }: HostileOptions,
  infra: Infra | undefined,
  say: (line: string) => void,
): Promise<boolean> {
  const places = {
    memory: { worlds: new Worlds(memoryWorld), kinds: KINDS },
    kafka: {
      worlds: new Worlds(() => {
        if (infra === undefined) throw new Error('there is no Kafka');
        return kafkaWorld(infra);
      }),
      kinds: BROKER_KINDS,
    },
  } as const;
  const total = new Map<string, Endings>();
  const rounds = { memory: 0, kafka: 0 };
  let runs = 0;
  const end = Date.now() + minutes * 60_000;
  let held = true;
  try {
    for (let round = first; held && Date.now() < end; round += 1) {
      const where = on === 'both' ? (round % 2 === 0 ? 'memory' : 'kafka') : on;
      const { worlds, kinds } = places[where];
      const hostiles = fc.array(anyOf(kinds), { maxLength: MOST_HOSTILES, size: 'max' });
      const property = fc.asyncProperty(hostiles, (sample) =>
        worlds.with(async (world) => {
          runs += 1;
          const options = { name: `r${runs}`, goods: GOODS, hostiles: sample, patienceMs: PATIENCE_MS };
          const { endings, violations } = await runRound(world, options);
          if (violations.length > 0) {
            const text = violations.slice(0, 5).join('\n');
            if (held)
              say(
                `a violation in round ${round} of seed ${seed}, ${where}; looking for less that shows it: ${text}`,
              );
            held = false;
            throw new ViolationError(text);
          }
          addEndings(total, endings);
        }),
      );
      rounds[where] += 1;
      const result = await fc.check(property, {
        seed: seed * 100_003 + round,
        numRuns: 1,
        interruptAfterTimeLimit: SHRINK_WITHIN_MS,
        markInterruptAsFailure: false,
      });
      if (result.counterexample === null) continue;
      held = false;
      say(`VIOLATION in round ${round} of seed ${seed}, ${where}: ${String(result.errorInstance)}`);
      sayLeast(result.counterexample[0], say);
    }
  } finally {
    await places.memory.worlds.close();
    await places.kafka.worlds.close();
  }
  say(
    `${rounds.memory} rounds in memory and ${rounds.kafka} on Kafka, of ${GOODS} good sagas each; seed ${seed}`,
  );
  say(endingsTable(total));
  say(
    held
      ? 'no violation'
      : `NOT HELD; again with --seed ${seed} --on ${on} --round ${first + rounds.memory + rounds.kafka - 1}`,
  );
  return held;
}

function sayLeast(least: readonly Hostile[], say: (line: string) => void): void {
  say('The least that shows it:');
  for (const [n, { kind, topic, make }] of least.entries()) {
    const record = make({ name: `h-${n}`, namespace: 'shop', good: 'good', real: [] });
    say(`- ${kind}: ${JSON.stringify(shown({ topic, key: `h-${n}`, ...record }))}`);
  }
}
