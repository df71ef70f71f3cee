import { type AnySaga, command, saga, signal } from '@skald/core';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import { orchestratorSchema, PostgresStore } from '@skald/postgres';
import { DefinitionRegistry, type EngineOptions, SagaEngine } from '@skald/runtime';
import { IsOptional, IsString } from 'class-validator';
import type { DataSource } from 'typeorm';
import { freshDatabase, type TestPool } from '../setup/real-services.js';

export class Order {
  @IsString()
  item!: string;

  @IsOptional()
  @IsString()
  until?: string;
}

export const Pack = command('shop.pack', { request: Order });
export const Paid = signal('paid', { data: Order });

/** Packs, then waits to be paid. */
export const OrderSaga = saga('order', { version: 1, input: Order })
  .step('pack', { send: Pack, with: ({ input }) => ({ item: input.item }) })
  .waitFor('paid', { signals: [Paid] })
  .build();

/** Engines that share a database and a broker in memory, and everything that they logged. */
export interface Engines {
  readonly broker: MemoryBroker;
  readonly dataSource: DataSource;
  readonly url: string;
  readonly lines: readonly string[];
  start(sagas: readonly AnySaga[], options?: Partial<EngineOptions>): Promise<SagaEngine>;
  close(): Promise<void>;
}

export async function engines(pool: TestPool = {}): Promise<Engines> {
  const broker = new MemoryBroker({ partitions: 1 });
  const database = await freshDatabase(orchestratorSchema, { pipeline: true, ...pool });
  const lines: string[] = [];
  const line = (text: string): void => void lines.push(text);
  const log = { log: line, warn: line, error: line };
  const open: { engine: SagaEngine; transport: MemoryTransport }[] = [];
  return {
    broker,
    dataSource: database.dataSource,
    url: database.url,
    lines,
    start: async (sagas, options = {}) => {
      const definitions = new DefinitionRegistry();
      for (const definition of sagas) definitions.register(definition);
      const { clock } = options;
      const transport = new MemoryTransport({ broker, log, ...(clock && { clock }) });
      const store = new PostgresStore(database.dataSource);
      const engine = new SagaEngine({
        namespace: 'shop',
        store,
        definitions,
        log,
        timerPollMs: 50,
        relayPollMs: 100,
        transport,
        ...options,
      });
      await engine.start();
      open.push({ engine, transport });
      return engine;
    },
    close: async () => {
      for (const { engine, transport } of open) {
        await engine.stop();
        await transport.close();
      }
      await database.drop();
    },
  };
}
