import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  connectionLimits,
  orchestratorSchema,
  participantSchema,
  PostgresStore,
  runMigrations,
} from '@skald/postgres';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { freshDatabase } from '../setup/real-services.js';

/** Longer than any statement of the service may take. */
class Slow1763999999999 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE slow AS SELECT pg_sleep(2)::text AS slept');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE slow');
  }
}

describe('the migrations', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  const opened: DataSource[] = [];

  beforeEach(async () => {
    database = await freshDatabase({});
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.destroy();
    await database.drop();
  });

  async function open(
    migrations: readonly (new () => object)[],
    statementTimeout?: number,
  ): Promise<DataSource> {
    const limits = connectionLimits(statementTimeout === undefined ? {} : { statementTimeout });
    const dataSource = new DataSource({
      type: 'postgres',
      url: database.url,
      entities: [...orchestratorSchema.entities, ...participantSchema.entities],
      migrations: [...migrations],
      ...limits,
    });
    opened.push(dataSource);
    return dataSource.initialize();
  }

  it('may take longer than a statement of the service, and run once in replicas that boot together', async () => {
    const replicas = [await open([Slow1763999999999], 500), await open([Slow1763999999999], 500)];
    await Promise.all(replicas.map(runMigrations));
    expect(await database.dataSource.query('SELECT count(*)::int AS rows FROM slow')).toEqual([{ rows: 1 }]);
    expect(await database.dataSource.query('SELECT count(*)::int AS rows FROM migrations')).toEqual([
      { rows: 1 },
    ]);
  });

  it('bring a database of the first release to this one, and keep what is in it', async () => {
    const [firstOrchestrator] = orchestratorSchema.migrations;
    const firstOfParticipant = participantSchema.migrations.slice(0, 2);
    if (firstOrchestrator === undefined) throw new Error('there is a first one');
    await runMigrations(await open([firstOrchestrator, ...firstOfParticipant]));
    await database.dataSource.query(`
      INSERT INTO skald_instance VALUES
        ('shop', 'o-1', 'order@1', 'h', 'running', 1, '{"item":"hat"}', '{"results":{},"visits":[],"cursor":"pack"}',
         now(), now(), now())`);
    await database.dataSource.query(
      `INSERT INTO skald_history VALUES ('shop', 'o-1', 1, now(), '{"cause":{"kind":"started"},"effects":[],"status":"running"}')`,
    );
    await database.dataSource.query(
      `INSERT INTO skald_outbox (namespace, created_at, message_ids) VALUES ('shop', now(), '{a,b}')`,
    );
    await database.dataSource.query(
      `INSERT INTO skald_parked (namespace, definition, message, created_at)
       VALUES ('shop', 'order@2', '{"id":"m","sagaid":"o-2"}', now())`,
    );
    await database.dataSource.query(
      `INSERT INTO skald_barrier (command_id, state, reply) VALUES ('c-1', 'handled', '{"kind":"succeeded","data":null}')`,
    );

    const upgraded = await open([...orchestratorSchema.migrations, ...participantSchema.migrations]);
    await runMigrations(upgraded);

    const { upQueries } = await upgraded.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    const store = new PostgresStore(upgraded);
    const key = { namespace: 'shop', id: 'o-1' };
    const [instance] = await store.transact((turn) => turn.lock([key]));
    expect(instance).toMatchObject({ id: 'o-1', status: 'running', cursor: 'pack', input: { item: 'hat' } });
    expect(await store.history(key, 0, 10)).toHaveLength(1);
    const owed = await store.transact((turn) => turn.lockOwed('shop', Date.now() + 60_000, 10));
    expect(owed.map(({ ids }) => ids)).toEqual([['a', 'b']]);
    expect(await upgraded.query('SELECT command_id FROM skald_barrier')).toEqual([{ command_id: 'c-1' }]);
    expect(await upgraded.query('SELECT definition FROM skald_parked')).toEqual([{ definition: 'order@2' }]);
  });
});
