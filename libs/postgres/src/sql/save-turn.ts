/**
 * Between the JSON texts of a column, which come as one text: as an array, each of their many quotes would have to be
 * escaped, and unescaped again. JSON holds no control character.
 */
export const JSON_SEPARATOR = '\u001e';

/**
 * Writes a whole turn in one round trip, whether it holds one message or three hundred. The counts tell whether another
 * worker was faster: an insert that met a present key and an update that met another revision write nothing.
 * What is updated names its namespace row by row: were it a parameter, PostgreSQL would go through the whole namespace.
 * Indexes: skald_instance_pkey, skald_outbox_pkey.
 */
export const saveTurn = {
  name: 'skald_save_turn',
  text: `
    WITH created AS (
      INSERT INTO skald_instance
             (namespace, id, definition, definition_hash, status, revision,
              input, state, next_wakeup_at, created_at, updated_at)
      SELECT $1::text, id, definition, definition_hash, status, revision,
             input::json, state::json, next_wakeup_at, created_at, updated_at
        FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::int[],
                    string_to_array($7, chr(30)), string_to_array($8, chr(30)),
                    $9::timestamptz[], $10::timestamptz[], $11::timestamptz[])
          AS c (id, definition, definition_hash, status, revision,
                input, state, next_wakeup_at, created_at, updated_at)
          ON CONFLICT (namespace, id) DO NOTHING
      RETURNING 1
    ), updated AS (
      UPDATE skald_instance i
         SET status = u.status, revision = u.revision, state = u.state::json,
             next_wakeup_at = u.next_wakeup_at, updated_at = u.updated_at
        FROM unnest($12::text[], $13::text[], $14::text[], $15::int[], $16::int[],
                    string_to_array($17, chr(30)), $18::timestamptz[], $19::timestamptz[])
          AS u (namespace, id, status, revision, loaded_revision, state, next_wakeup_at, updated_at)
       WHERE i.namespace = u.namespace AND i.id = u.id AND i.revision = u.loaded_revision
      RETURNING 1
    ), appended AS (
      INSERT INTO skald_history (namespace, saga_id, sequence, at, entry)
      SELECT $1::text, saga_id, sequence, at, entry::json
        FROM unnest($20::text[], $21::int[], $22::timestamptz[], string_to_array($23, chr(30)))
          AS h (saga_id, sequence, at, entry)
    ), cleared AS (
      DELETE FROM skald_outbox WHERE id = ANY ($24::bigint[])
    ), owed AS (
      INSERT INTO skald_outbox (namespace, created_at, message_ids)
      SELECT $1::text, $25::timestamptz, $26::text[] WHERE cardinality($26::text[]) > 0
      RETURNING id
    )
    SELECT (SELECT count(*)::int FROM created) AS created,
           (SELECT count(*)::int FROM updated) AS updated,
           (SELECT id FROM owed) AS row`,
} as const;
