import { arrayFrom } from '@skald/ports';

/**
 * Writes a whole turn in one round trip, whether it holds one message or three hundred. The counts tell whether another
 * worker was faster: an insert that met a present key and an update that met another revision write nothing.
 * A start that stands in the trace of a removed instance begins none: it is asked of each one by itself, so that PostgreSQL
 * looks it up in the index and never goes through all traces.
 * What is updated names its namespace row by row: were it a parameter, PostgreSQL would go through the whole namespace.
 * Indexes: skald_instance_pkey, skald_removed_start, skald_outbox_pkey.
 */
export const saveTurn = {
  name: 'skald_save_turn',
  text: `
    WITH created AS (
      INSERT INTO skald_instance
             (namespace, id, definition, definition_hash, status, revision,
              input, state, next_wakeup_at, created_at, updated_at, start_id)
      SELECT $1::text, id, definition, definition_hash, status, revision,
             input::json, state::json, next_wakeup_at, created_at, updated_at, start_id
        FROM unnest(${arrayFrom(2)}, ${arrayFrom(3)}, ${arrayFrom(4)}, ${arrayFrom(5)}, ${arrayFrom(6, 'int')},
                    ${arrayFrom(7)}, ${arrayFrom(8)},
                    ${arrayFrom(9, 'timestamptz')}, ${arrayFrom(10, 'timestamptz')}, ${arrayFrom(11, 'timestamptz')},
                    ${arrayFrom(27)})
          AS c (id, definition, definition_hash, status, revision,
                input, state, next_wakeup_at, created_at, updated_at, start_id)
       WHERE (SELECT r.id
                FROM skald_removed r
               WHERE r.namespace = $1::text AND r.saga_id = c.id AND r.start_id = c.start_id
               LIMIT 1) IS NULL
          ON CONFLICT (namespace, id) DO NOTHING
      RETURNING 1
    ), updated AS (
      UPDATE skald_instance i
         SET status = u.status, revision = u.revision, state = u.state::json,
             next_wakeup_at = u.next_wakeup_at, updated_at = u.updated_at
        FROM unnest(${arrayFrom(12)}, ${arrayFrom(13)}, ${arrayFrom(14)}, ${arrayFrom(15, 'int')}, ${arrayFrom(16, 'int')},
                    ${arrayFrom(17)}, ${arrayFrom(18, 'timestamptz')}, ${arrayFrom(19, 'timestamptz')})
          AS u (namespace, id, status, revision, loaded_revision, state, next_wakeup_at, updated_at)
       WHERE i.namespace = u.namespace AND i.id = u.id AND i.revision = u.loaded_revision
      RETURNING 1
    ), appended AS (
      INSERT INTO skald_history (namespace, saga_id, sequence, at, entry)
      SELECT $1::text, saga_id, sequence, at, entry::json
        FROM unnest(${arrayFrom(20)}, ${arrayFrom(21, 'int')}, ${arrayFrom(22, 'timestamptz')}, ${arrayFrom(23)})
          AS h (saga_id, sequence, at, entry)
    ), cleared AS (
      DELETE FROM skald_outbox WHERE id = ANY ($24::bigint[])
    ), owed AS (
      INSERT INTO skald_outbox (namespace, created_at, message_ids)
      SELECT $1::text, $25::timestamptz, ${arrayFrom(26)} WHERE $26 <> ''
      RETURNING id
    )
    SELECT (SELECT count(*)::int FROM created) AS created,
           (SELECT count(*)::int FROM updated) AS updated,
           (SELECT id FROM owed) AS row`,
} as const;
