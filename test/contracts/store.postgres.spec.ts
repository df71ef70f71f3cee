import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { orchestratorSchema, participantSchema, PostgresStore } from '@skald/postgres';
import { freshDatabase } from '../setup/real-services.js';
import { describeStore } from './store.contract.js';

let database: Awaited<ReturnType<typeof freshDatabase>>;

beforeAll(async () => {
  database = await freshDatabase({
    entities: [...orchestratorSchema.entities, ...participantSchema.entities],
    migrations: [...orchestratorSchema.migrations, ...participantSchema.migrations],
  });
});
afterAll(() => database.drop());

describeStore('in PostgreSQL', () =>
  Promise.resolve({
    store: new PostgresStore(database.dataSource),
    silence: async (forMs) => {
      await database.dataSource.query(`UPDATE skald_process SET seen_at = seen_at - $1 * interval '1 ms'`, [
        forMs,
      ]);
    },
    close: async () => {
      const tables = database.dataSource.entityMetadatas.map(({ tableName }) => tableName);
      await database.dataSource.query(`TRUNCATE ${tables.join(', ')}`);
    },
  }),
);

describe('the schema in PostgreSQL', () => {
  it('is the same whether read from the entities or made by the migrations', async () => {
    const { upQueries } = await database.dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('can be taken back and made again', async () => {
    for (const _ of database.dataSource.migrations) await database.dataSource.undoLastMigration();
    expect(await database.dataSource.query(`SELECT to_regclass('skald_instance') AS found`)).toEqual([
      { found: null },
    ]);
    await database.dataSource.runMigrations();
  });

  it('lets due timers be read from the start of their index', async () => {
    const plan = await database.dataSource.transaction(async (manager) => {
      await manager.query('SET LOCAL enable_seqscan = off');
      return manager.query<object[]>(
        `EXPLAIN SELECT 1 FROM skald_instance
          WHERE next_wakeup_at <= now() ORDER BY next_wakeup_at LIMIT 10 FOR UPDATE SKIP LOCKED`,
      );
    });
    expect(JSON.stringify(plan)).toContain('skald_instance_wakeup');
  });
});

describe('the plans of the hot statements', () => {
  it.each([
    ['skald_lock_instances', `ARRAY['shop'], ARRAY['one']`],
    ['skald_lock_due_instances', `now(), 'shop', ARRAY['order@1'], 10, ARRAY[]::text[]`],
  ])(
    '%s never reads the whole table, though it was prepared when that was empty',
    async (name, parameters) => {
      const own = await freshDatabase(orchestratorSchema, { poolSize: 1 });
      const store = new PostgresStore(own.dataSource);
      // PostgreSQL settles on a plan at the sixth execution, and keeps it until it next takes statistics.
      for (let time = 0; time < 7; time += 1) {
        await store.transact(async (turn) => {
          await turn.lock([{ namespace: 'shop', id: 'one' }]);
          await turn.lockDue('shop', { definitions: ['order@1'], except: [] }, Date.now(), 10);
        });
      }
      const plan: object[] = await own.dataSource.query(`EXPLAIN EXECUTE ${name}(${parameters})`);
      expect(JSON.stringify(plan)).not.toContain('Seq Scan on skald_instance');
      await own.drop();
    },
  );
});

describe('the traces of removed instances', () => {
  it('are looked up by their index for each start, though the statement was prepared when there were none', async () => {
    const own = await freshDatabase(orchestratorSchema, { poolSize: 1 });
    const store = new PostgresStore(own.dataSource);
    const nothing = { created: [], updated: [], history: [], owed: [], settled: [] };
    for (let time = 0; time < 7; time += 1)
      await store.transact((turn) => turn.save('shop', nothing, Date.now()));
    const nulls = Array.from({ length: 26 }, () => 'NULL').join(', ');
    const plan: object[] = await own.dataSource.query(`EXPLAIN EXECUTE skald_save_turn('shop', ${nulls})`);
    expect(JSON.stringify(plan)).toMatch(/Index (?:Only )?Scan using skald_removed_start/);
    await own.drop();
  });
});

describe('two workers on PostgreSQL', () => {
  it('never get the same due instance: what one holds the other passes over', async () => {
    const store = new PostgresStore(database.dataSource);
    await database.dataSource.query(
      `INSERT INTO skald_instance
       SELECT 'shop', 'saga-' || n, 'order@1', 'h', 'running', 1, '{}', '{}', now(), now(), now()
         FROM generate_series(1, 20) n`,
    );
    const taken: string[][] = await Promise.all(
      [1, 2].map(() =>
        store.transact(async (turn) => {
          const due = await turn.lockDue(
            'shop',
            { definitions: ['order@1'], except: [] },
            Date.now() + 1_000,
            10,
          );
          await new Promise((resolve) => setTimeout(resolve, 100));
          return due.map(({ id }) => id);
        }),
      ),
    );
    expect(new Set(taken.flat()).size).toBe(20);
    await database.dataSource.query('TRUNCATE skald_instance');
  });
});
