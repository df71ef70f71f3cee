import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KINDS } from './kinds.js';
import { memoryWorld } from './memory-world.js';
import { runRound } from './round.js';

const SEED = 7;

describe('hostile messages among good sagas, in memory', () => {
  it.each(Object.keys(KINDS))(
    '%s: all good sagas end as they must, and each message is accounted for',
    async (kind) => {
      const arbitrary = KINDS[kind];
      if (arbitrary === undefined) throw new Error(`there is no kind '${kind}'`);
      const world = await memoryWorld();
      try {
        const hostiles = fc.sample(arbitrary, { seed: SEED, numRuns: 40 });
        const { violations } = await runRound(world, { name: 'r', goods: 10, hostiles, patienceMs: 20_000 });
        expect(violations).toEqual([]);
      } finally {
        await world.close();
      }
    },
  );
});
