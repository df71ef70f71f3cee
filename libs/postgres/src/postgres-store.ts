import { checkFlag, checkOptions, type HistoryEntry, type SagaInstance, timeText } from '@skald/core';
import {
  type Changes,
  ConcurrentChangeError,
  type InstanceKey,
  type OwedRow,
  type OwnDefinitions,
  type PinnedDefinition,
  type RemovedInstance,
  StartedBeforeError,
  type Store,
  type StoreTurn,
} from '@skald/ports';
import type { PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { type DatabaseTime, databaseTimeOf } from './database-time.js';
import { type LendOptions, withConnection } from './lent-connection.js';
import { poolProblem } from './pool-size.js';
import { checkSessionPooler } from './pooler-mode.js';
import { PostgresProcesses } from './postgres-processes.js';
import { dropTraces } from './sql/drop-traces.js';
import { findHistory, type HistoryRow } from './sql/find-history.js';
import { findInstances } from './sql/find-instances.js';
import { findRemoved, removedOf, type RemovedRow } from './sql/find-removed.js';
import { instanceOf, type InstanceRow } from './sql/instance-row.js';
import { lockDueInstances } from './sql/lock-due-instances.js';
import { lockEnded } from './sql/lock-ended.js';
import { lockInstances } from './sql/lock-instances.js';
import { lockOwed } from './sql/lock-owed.js';
import { lockPinned } from './sql/lock-pinned.js';
import { nextWakeup } from './sql/next-wakeup.js';
import { owingPlaces } from './sql/owing-places.js';
import { parkMessages } from './sql/park-messages.js';
import { pastStarts } from './sql/past-starts.js';
import { pinnedDefinitions } from './sql/pinned-definitions.js';
import { postponeWakeups } from './sql/postpone-wakeups.js';
import { removeInstances, removeInstancesValues } from './sql/remove-instances.js';
import { saveTurn } from './sql/save-turn.js';
import { saveTurnValues } from './sql/save-turn-values.js';
import { makingValues, storeError } from './store-error.js';

/**
 * PostgreSQL plans a prepared statement for the table that it meets. Of an empty one it would read the whole, and keep to
 * that plan until it next takes statistics, with a hundred thousand sagas come in meanwhile. One round trip for both.
 */
const BEGIN = 'BEGIN; SET LOCAL enable_seqscan = off';

/** For batches, timers, the relay, and one for all other jobs and whoever asks how a saga stands. */
const CONNECTIONS_OF_ENGINE = 4;

/**
 * Keeps instances, history and outbox in PostgreSQL. The data source must be initialised and must have run the
 * migrations of `orchestratorSchema`; it stays the caller's to close.
 */
export class PostgresStore implements Store {
  readonly processes: PostgresProcesses;
  private readonly time: DatabaseTime;

  /**
   * @param options for connections that go through a pooler
   * @throws DefinitionError naming an option that there is not
   */
  constructor(
    private readonly dataSource: DataSource,
    private readonly options: LendOptions = {},
  ) {
    checkOptions('PostgreSQL store', '', options, ['sessionPooler']);
    checkFlag('PostgreSQL store', 'sessionPooler', options.sessionPooler ?? false);
    this.time = databaseTimeOf(dataSource);
    this.processes = new PostgresProcesses((work) => this.withClient(work), this.time);
  }

  /** Known as soon as the first connection is there, and looked at again with every beat of an engine. */
  now(): number | undefined {
    return this.time.now();
  }

  async check(): Promise<readonly string[]> {
    try {
      await withConnection(this.dataSource, this.options, () => Promise.resolve());
      await checkSessionPooler(this.dataSource, this.options);
    } catch (error) {
      throw storeError(error);
    }
    const problem = poolProblem(this.dataSource, CONNECTIONS_OF_ENGINE, 'an engine');
    return problem === undefined ? [] : [problem];
  }

  transact<T>(work: (turn: StoreTurn) => Promise<T>): Promise<T> {
    return this.withClient(async (client, limits) => {
      const begun = client.query(BEGIN + limits);
      // A pipelined connection (https://node-postgres.com/features/pipelining) sends the work's first statement along.
      if (client.pipeline) begun.catch(() => undefined);
      else await begun;
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

  history({ namespace, id }: InstanceKey, after: number, limit: number): Promise<HistoryEntry[]> {
    return this.withClient(async (client) => {
      const values = [namespace, id, after, limit];
      const { rows } = await client.query<HistoryRow>({ ...findHistory, values });
      return rows.map(({ sequence, at, entry }) => ({ sequence, at: at.getTime(), ...entry }));
    });
  }

  nextWakeup(namespace: string, { definitions, except }: OwnDefinitions): Promise<number | null> {
    return this.withClient(async (client) => {
      const values = [namespace, definitions, except];
      const { rows } = await client.query<{ next_wakeup_at: Date }>({ ...nextWakeup, values });
      return rows[0]?.next_wakeup_at.getTime() ?? null;
    });
  }

  pinned(namespace: string): Promise<PinnedDefinition[]> {
    return this.withClient(async (client) => {
      const { rows } = await client.query<PinnedDefinition>({ ...pinnedDefinitions, values: [namespace] });
      return rows;
    });
  }

  removed({ namespace, id }: InstanceKey): Promise<RemovedInstance[]> {
    return this.withClient(async (client) => {
      const { rows } = await client.query<RemovedRow>({ ...findRemoved, values: [namespace, id] });
      return rows.map(removedOf);
    });
  }

  private async withClient<T>(work: (client: PoolClient, limits: string) => Promise<T>): Promise<T> {
    try {
      return await withConnection(this.dataSource, this.options, ({ client, limits }) =>
        work(client, limits),
      );
    } catch (error) {
      throw storeError(error);
    }
  }
}

class PostgresTurn implements StoreTurn {
  constructor(private readonly client: PoolClient) {}

  lock(keys: readonly InstanceKey[]): Promise<SagaInstance[]> {
    return readInstances(this.client, lockInstances, keys);
  }

  find(keys: readonly InstanceKey[]): Promise<SagaInstance[]> {
    return readInstances(this.client, findInstances, keys);
  }

  async lockDue(
    namespace: string,
    { definitions, except }: OwnDefinitions,
    now: number,
    limit: number,
  ): Promise<SagaInstance[]> {
    const values = [timeText(now), namespace, definitions, limit, except];
    const { rows } = await this.client.query<InstanceRow>({ ...lockDueInstances, values });
    return rows.map(instanceOf);
  }

  async lockPinned(
    namespace: string,
    definition: string,
    hash: string,
    limit: number,
  ): Promise<SagaInstance[]> {
    const values = [namespace, definition, hash, limit];
    const { rows } = await this.client.query<InstanceRow>({ ...lockPinned, values });
    return rows.map(instanceOf);
  }

  async owing(
    namespace: string,
    places: readonly string[],
    except: readonly string[] = [],
  ): Promise<string[]> {
    if (places.length === 0) return [];
    const { rows } = await this.client.query<{ place: string }>({
      ...owingPlaces,
      values: [namespace, places, except],
    });
    return rows.map(({ place }) => place);
  }

  async lockEnded(namespace: string, from: number, before: number, limit: number): Promise<SagaInstance[]> {
    const values = [namespace, timeText(from), timeText(before), limit];
    const { rows } = await this.client.query<InstanceRow>({ ...lockEnded, values });
    return rows.map(instanceOf);
  }

  async lockOwed(namespace: string, before: number, limit: number): Promise<OwedRow[]> {
    const values = [namespace, timeText(before), limit];
    const { rows } = await this.client.query<{ id: string; message_ids: string[] }>({ ...lockOwed, values });
    return rows.map((row) => ({ row: row.id, ids: row.message_ids }));
  }

  async dropTraces(namespace: string, before: number, limit: number): Promise<number> {
    const values = [namespace, timeText(before), limit];
    const { rowCount } = await this.client.query({ ...dropTraces, values });
    return rowCount ?? 0;
  }

  async save(namespace: string, changes: Changes, now: number): Promise<string | undefined> {
    const { rows } = await this.client.query<{ created: number; updated: number; row: string | null }>({
      ...saveTurn,
      values: makingValues(() => saveTurnValues(namespace, changes, now)),
    });
    const [written] = rows;
    if (written?.created !== changes.created.length) await this.checkStarts(namespace, changes);
    if (written?.created !== changes.created.length || written.updated !== changes.updated.length) {
      throw new ConcurrentChangeError('another worker created or changed a saga of this turn first');
    }
    await this.saveRest(namespace, changes);
    return written.row ?? undefined;
  }

  /** Of instances that were not created: whether the messages that would begin them have done so before. */
  private async checkStarts(namespace: string, { created, startIds = [] }: Changes): Promise<void> {
    const values = [
      namespace,
      created.map(({ id }) => id),
      created.map((_, index) => startIds[index] ?? null),
    ];
    const { rows } = await this.client.query<{ saga_id: string; start_id: string }>({
      ...pastStarts,
      values,
    });
    if (rows.length === 0) return;
    throw new StartedBeforeError(
      rows.map((row) => ({ key: { namespace, id: row.saga_id }, startId: row.start_id })),
    );
  }

  /** What few turns have: statements of their own, so that the hot one stays small. */
  private async saveRest(
    namespace: string,
    { removed = [], parked = [], postponed = [] }: Changes,
  ): Promise<void> {
    if (removed.length > 0) {
      await this.client.query({ ...removeInstances, values: removeInstancesValues(removed) });
    }
    if (postponed.length > 0) {
      const keys = [postponed.map(({ key }) => key.namespace), postponed.map(({ key }) => key.id)];
      const values = [...keys, postponed.map(({ wakeAt }) => timeText(wakeAt))];
      await this.client.query({ ...postponeWakeups, values });
    }
    if (parked.length > 0) {
      const messages = makingValues(() => parked.map(({ message }) => JSON.stringify(message)));
      const sagaIds = parked.map(({ message }) => message.sagaid);
      const values = [namespace, parked.map(({ definition }) => definition), messages, sagaIds];
      await this.client.query({ ...parkMessages, values });
    }
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
