import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Infra, startInfra } from '@skald/infra';
import fc from 'fast-check';
import { testDatabaseUrl, testKafkaBrokers } from '../setup/real-services.js';
import { kafkaWorld } from './kafka-world.js';
import { BROKER_KINDS } from './kinds/index.js';
import { runRound } from './round.js';
import type { World } from './world.js';

const SEED = 7;
const OF_EACH_KIND = 8;

describe('hostile messages among good sagas, on Kafka and PostgreSQL', () => {
  let infra: Infra;
  let world: World;
  beforeAll(async () => {
    const env = { KAFKA_BROKERS: testKafkaBrokers().join(','), DATABASE_URL: testDatabaseUrl() };
    infra = await startInfra({ env, onProgress: () => undefined });
    world = await kafkaWorld(infra);
  });
  afterAll(async () => {
    await world.close();
    await infra.stop();
  });

  it('of every kind: all good sagas end as they must, and each message is accounted for', async () => {
    const kinds = Object.values(BROKER_KINDS);
    const samples = kinds.map((kind) => fc.sample(kind, { seed: SEED, numRuns: OF_EACH_KIND }));
    const hostiles = Array.from({ length: OF_EACH_KIND }, (_, n) =>
      samples.flatMap((one) => one[n] ?? []),
    ).flat();

    const { violations } = await runRound(world, { name: 'r', goods: 100, hostiles, patienceMs: 40_000 });

    expect(violations).toEqual([]);
  }, 120_000);
});
