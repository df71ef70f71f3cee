import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KINDS } from './kinds/index.js';
import { memoryWorld } from './memory-world.js';
import { runRound } from './round.js';

const SEED = 7;

describe('hostile messages among good sagas, in memory', () => {
  it.each(Object.entries(KINDS))(
    '%s: all good sagas end as they must, and each message is accounted for',
    async (_, kind) => {
      const world = await memoryWorld();
      try {
        const hostiles = fc.sample(kind, { seed: SEED, numRuns: 60 });
        const { violations } = await runRound(world, { name: 'r', goods: 10, hostiles, patienceMs: 20_000 });
        expect(violations).toEqual([]);
      } finally {
        await world.close();
      }
    },
  );
});
