import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { connectionLimits, orchestratorSchema, PostgresStore } from '@skald/postgres';
import { type Changes, StoreUnavailableError } from '@skald/ports';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { freshDatabase } from '../setup/real-services.js';
import { type Proxy, startProxy } from './proxy.js';

const NOTHING: Changes = { created: [], updated: [], history: [], owed: [], settled: [] };
const KEY = { namespace: 'shop', id: 'o-1' };
const ROW = `INSERT INTO skald_instance
  VALUES ('shop', 'o-1', 'order@1', 'h', 'running', 1, '{}', '{"results":{},"visits":[]}', NULL, now(), now())`;

describe.each([
  ['of the user, without any limits', undefined],
  ['with the limits of connectionLimits()', connectionLimits()],
])('the store, on a data source %s', (_name, limits) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let dataSource: DataSource;
  let proxy: Proxy;
  const ghosts: pg.Client[] = [];

  async function open(): Promise<PostgresStore> {
    database = await freshDatabase(orchestratorSchema);
    proxy = await startProxy(database.url);
    dataSource = await new DataSource({
      type: 'postgres',
      url: proxy.url,
      entities: orchestratorSchema.entities,
      ...limits,
    }).initialize();
    await dataSource.query(ROW);
    return new PostgresStore(dataSource);
  }
  afterEach(async () => {
    await Promise.all(ghosts.splice(0).map((ghost) => ghost.end()));
    await proxy.close();
    await dataSource.destroy();
    await database.drop();
  });

  it('waits for a lock that somebody else holds at most 4 s, and says that trying again is right', async () => {
    const store = await open();
    const ghost = new pg.Client(database.url);
    ghosts.push(ghost);
    await ghost.connect();
    await ghost.query("BEGIN; SELECT * FROM skald_instance WHERE id = 'o-1' FOR UPDATE");
    const begun = Date.now();
    await expect(store.transact((turn) => turn.lock([KEY]))).rejects.toThrow(StoreUnavailableError);
    expect(Date.now() - begun).toBeGreaterThan(3_000);
    expect(Date.now() - begun).toBeLessThan(10_000);
  });

  it('keeps a transaction that takes long, as long as its process lives', async () => {
    const store = await open();
    const [found] = await store.transact(async (turn) => {
      await sleep(10_000);
      return turn.lock([KEY]);
    });
    expect(found?.id).toBe('o-1');
  });

  it('gives up a server that stops answering without hanging up, in about 10 s', async () => {
    const store = await open();
    const begun = Date.now();
    const work = store.transact((turn) => {
      proxy.hush();
      return turn.lock([KEY]);
    });
    await expect(work).rejects.toThrow(StoreUnavailableError);
    expect(Date.now() - begun).toBeLessThan(20_000);
  });

  it('lets go of what it held when PostgreSQL has ended its connection, and changes nothing any more', async () => {
    const store = await open();
    const late = store.transact(async (turn) => {
      await turn.lock([KEY]);
      await dataSource.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE state = 'idle in transaction' AND datname = current_database()`,
      );
      await turn.save('shop', { ...NOTHING, owed: ['x'] }, Date.now());
    });
    await expect(late).rejects.toThrow(StoreUnavailableError);
    expect(await dataSource.query('SELECT count(*)::int AS rows FROM skald_outbox')).toEqual([{ rows: 0 }]);
  });
});
