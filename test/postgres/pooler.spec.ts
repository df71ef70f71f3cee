import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import { CommandHandler } from '@skald/participant';
import { connectionLimits, orchestratorSchema, participantSchema, PostgresStore } from '@skald/postgres';
import { DefinitionRegistry, SagaEngine } from '@skald/runtime';
import { Controller } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { eventually } from '../contracts/transport-harness.js';
import { startTestParticipant } from '../participant/participant-harness.js';
import { freshDatabase } from '../setup/real-services.js';
import { OrderSaga, Pack } from './engines.js';
import { type Pooler, startPooler } from './pooler.js';

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

@Controller()
class Packer {
  @CommandHandler(Pack)
  pack(): void {}
}

describe('connections to PostgreSQL that go through a pooler', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let pooler: Pooler | undefined;
  let dataSource: DataSource | undefined;
  let engine: SagaEngine | undefined;
  beforeEach(async () => {
    database = await freshDatabase({
      entities: [],
      migrations: [...orchestratorSchema.migrations, ...participantSchema.migrations],
    });
  });
  afterEach(async () => {
    await engine?.stop();
    engine = undefined;
    await dataSource?.destroy();
    await pooler?.close();
    await database.drop();
  });

  async function through(
    mode: 'session' | 'transaction',
    limits = {},
    lends: 'oldest' | 'newest' = 'oldest',
  ): Promise<DataSource> {
    // In session mode one that gets none waits until another has rested for 10 s, so there is one for each of a pool.
    pooler = await startPooler(database.url, mode, { lends, size: mode === 'session' ? 10 : 6 });
    dataSource = await new DataSource({ type: 'postgres', url: pooler.url, ...limits }).initialize();
    return dataSource;
  }

  function engineOn(store: PostgresStore): SagaEngine {
    const definitions = new DefinitionRegistry();
    definitions.register(OrderSaga);
    const transport = new MemoryTransport({ broker: new MemoryBroker() });
    engine = new SagaEngine({ namespace: 'shop', store, definitions, transport, log: SILENT });
    return engine;
  }

  it('end up with others, in transaction mode: what one has prepared another meets', async () => {
    const source = await through('transaction');
    const pids = new Set<number>();
    for (let number = 0; number < 6; number += 1) {
      const [{ pid }] = (await source.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
      pids.add(pid);
    }
    expect(pids.size).toBe(6);
  });

  it.each(['transaction', 'session'] as const)(
    'are refused at boot by an engine that was not told of it, in %s mode, with what to do',
    async (mode) => {
      const source = await through(mode);
      const refused = engineOn(new PostgresStore(source)).start();
      await expect(refused).rejects.toThrow(
        /through a pooler.*connect to PostgreSQL itself.*sessionPooler: true/s,
      );
      await expect(refused).rejects.toMatchObject({ code: 'store_unusable' });
    },
  );

  it('are refused at boot by a participant that was not told of it', async () => {
    const source = await through('transaction');
    const participant = startTestParticipant([Packer], { participant: 'shop', dataSource: source });
    await expect(participant).rejects.toThrow(/through a pooler.*sessionPooler: true/s);
  });

  it.each(['oldest', 'newest'] as const)(
    'are refused at boot in transaction mode, though it was said to be session mode: it lends the %s',
    async (lends) => {
      const source = await through('transaction', {}, lends);
      const refused = engineOn(new PostgresStore(source, { sessionPooler: true })).start();
      await expect(refused).rejects.toThrow(/through a pooler.*connect to PostgreSQL itself/s);
      await expect(refused).rejects.toMatchObject({ code: 'store_unusable' });
      const participant = startTestParticipant([Packer], {
        participant: 'shop',
        dataSource: source,
        sessionPooler: true,
      });
      await expect(participant).rejects.toThrow(/another mode: .*through a pooler/s);
    },
  );

  it.each([
    ['without limits', {}],
    ['with connectionLimits(), which the pooler was told to ignore', connectionLimits()],
  ])('serve an engine in session mode that was told of it, %s', async (_name, limits) => {
    const store = new PostgresStore(await through('session', limits), { sessionPooler: true });
    const running = engineOn(store);
    await running.start();
    await running.startSaga({ definition: 'order', id: 'o-1', input: { item: 'hat' } });
    await running.cancel('o-1', 'a test');
    await eventually(async () => (await running.find('o-1'))?.status !== 'running');
  });
});
