import type { HistoryEntry, SagaInstance } from '@skald/core';
import {
  type Changes,
  ConcurrentChangeError,
  type InstanceKey,
  type OwedRow,
  type Store,
  type StoreTurn,
} from '@skald/runtime';
import type { PoolClient } from 'pg';
import { type DataSource, MoreThan } from 'typeorm';
import { HistoryEntity } from './entities/history.entity.js';
import { findInstances } from './sql/find-instances.js';
import { instanceOf, type InstanceRow, timestamp } from './sql/instance-row.js';
import { lockDueInstances } from './sql/lock-due-instances.js';
import { lockInstances } from './sql/lock-instances.js';
import { lockOwed } from './sql/lock-owed.js';
import { nextWakeup } from './sql/next-wakeup.js';
import { saveTurn } from './sql/save-turn.js';
import { saveTurnValues } from './sql/save-turn-values.js';

/**
 * Keeps instances, history and outbox in PostgreSQL. The data source must be initialised and must have run the
 * migrations of `orchestratorSchema`; it stays the caller's to close.
 */
export class PostgresStore implements Store {
  constructor(private readonly dataSource: DataSource) {}

  transact<T>(work: (turn: StoreTurn) => Promise<T>): Promise<T> {
    return this.withClient(async (client) => {
      await client.query('BEGIN');
      try {
        const result = await work(new PostgresTurn(client));
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  find(keys: readonly InstanceKey[]): Promise<SagaInstance[]> {
    return this.withClient((client) => readInstances(client, findInstances, keys));
  }

  async history(key: InstanceKey, after: number, limit: number): Promise<HistoryEntry[]> {
    const rows = await this.dataSource.getRepository(HistoryEntity).find({
      where: { namespace: key.namespace, sagaId: key.id, sequence: MoreThan(after) },
      order: { sequence: 'ASC' },
      take: limit,
    });
    return rows.map(({ sequence, at, entry }) => ({ sequence, at: at.getTime(), ...entry }));
  }

  nextWakeup(definitions: readonly string[]): Promise<number | null> {
    return this.withClient(async (client) => {
      const { rows } = await client.query<{ next_wakeup_at: Date }>({ ...nextWakeup, values: [definitions] });
      return rows[0]?.next_wakeup_at.getTime() ?? null;
    });
  }

  /** TypeORM lends its driver's own connection, so that statements can be prepared by name. */
  private async withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const client: PoolClient = await runner.connect();
      return await work(client);
    } finally {
      await runner.release();
    }
  }
}

class PostgresTurn implements StoreTurn {
  constructor(private readonly client: PoolClient) {}

  lock(keys: readonly InstanceKey[]): Promise<SagaInstance[]> {
    return readInstances(this.client, lockInstances, keys);
  }

  async lockDue(definitions: readonly string[], now: number, limit: number): Promise<SagaInstance[]> {
    const values = [timestamp(now), definitions, limit];
    const { rows } = await this.client.query<InstanceRow>({ ...lockDueInstances, values });
    return rows.map(instanceOf);
  }

  async lockOwed(before: number, limit: number): Promise<OwedRow[]> {
    const values = [timestamp(before), limit];
    const { rows } = await this.client.query<{ id: string; message_ids: string[] }>({ ...lockOwed, values });
    return rows.map((row) => ({ row: row.id, ids: row.message_ids }));
  }

  async save(changes: Changes, now: number): Promise<string | undefined> {
    const { rows } = await this.client.query<{ created: number; updated: number; row: string | null }>({
      ...saveTurn,
      values: saveTurnValues(changes, now),
    });
    const [written] = rows;
    if (written?.created !== changes.created.length || written.updated !== changes.updated.length) {
      throw new ConcurrentChangeError('another worker created or changed a saga of this turn first');
    }
    return written.row ?? undefined;
  }
}

async function readInstances(
  client: PoolClient,
  statement: { readonly name: string; readonly text: string },
  keys: readonly InstanceKey[],
): Promise<SagaInstance[]> {
  if (keys.length === 0) return [];
  const values = [keys.map(({ namespace }) => namespace), keys.map(({ id }) => id)];
  const { rows } = await client.query<InstanceRow>({ ...statement, values });
  return rows.map(instanceOf);
}
