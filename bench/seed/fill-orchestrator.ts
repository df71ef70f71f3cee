import { orchestratorSchema, PostgresStore } from '@skald/postgres';
import type { DataSource } from 'typeorm';
import { changesFor, PLACEHOLDER } from '../script.js';
import { COPIES, type Copies, copy } from './copies.js';
import { filled } from './filled.js';
import type { PastSaga } from './past-saga.js';

export interface PastSagas extends Copies {
  readonly saga: PastSaga;
}

const COPY_INSTANCE = `
  WITH copies AS (${COPIES})
  INSERT INTO skald_instance
         (namespace, id, definition, definition_hash, status, revision,
          input, state, next_wakeup_at, created_at, updated_at)
  SELECT original.namespace, copies.id, definition, definition_hash, status, revision,
         replace(input::text, $6, copies.id)::json, replace(state::text, $6, copies.id)::json,
         next_wakeup_at, created_at + shift, updated_at + shift
    FROM skald_instance AS original, copies
   WHERE original.id = $5
   ORDER BY copies.id`;

const COPY_HISTORY = `
  WITH copies AS (${COPIES})
  INSERT INTO skald_history (namespace, saga_id, sequence, at, entry)
  SELECT namespace, copies.id, sequence, at + shift, replace(entry::text, $6, copies.id)::json
    FROM skald_history AS original, copies
   WHERE original.saga_id = $5
   ORDER BY copies.id, sequence`;

/**
 * Fills the orchestrator's database with sagas of the past. One of each kind is saved by the store itself, and the others
 * are copies of its rows.
 *
 * @returns bytes of the database
 */
export async function fillOrchestrator(
  url: string,
  namespace: string,
  kinds: readonly PastSagas[],
): Promise<number> {
  return filled(url, orchestratorSchema, async (dataSource) => {
    const store = new PostgresStore(dataSource);
    for (const { saga, ...copies } of kinds) {
      await saveOriginal(store, namespace, saga);
      const parameters = [PLACEHOLDER, PLACEHOLDER];
      await copy(dataSource, `instances ${copies.prefix}`, copies, COPY_INSTANCE, parameters);
      await copy(dataSource, `history ${copies.prefix}`, copies, COPY_HISTORY, parameters);
      await removeOriginal(dataSource);
    }
  });
}

async function saveOriginal(store: PostgresStore, namespace: string, { turns }: PastSaga): Promise<void> {
  for (const { changes } of turns) {
    // Nothing is owed any more, or the relay would send it.
    const saved = changesFor({ changes: { ...changes, owed: [] } }, [PLACEHOLDER], []);
    await store.transact((turn) => turn.save(namespace, saved, Date.now()));
  }
}

async function removeOriginal(dataSource: DataSource): Promise<void> {
  await dataSource.query('DELETE FROM skald_instance WHERE id = $1', [PLACEHOLDER]);
  await dataSource.query('DELETE FROM skald_history WHERE saga_id = $1', [PLACEHOLDER]);
}
