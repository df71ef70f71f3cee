/** Of which sagas the outbox still owes messages. It reads the whole outbox, which is short unless the broker is away. */
export const owingPlaces = {
  name: 'skald_owing_places',
  text: `
    SELECT DISTINCT place
      FROM (SELECT substring(message_id FROM '^[^/]*/[^/]*/[^/]*/') AS place
              FROM skald_outbox, unnest(message_ids) AS message_id
             WHERE namespace = $1 AND id <> ALL ($3::bigint[])) AS owed
     WHERE place = ANY ($2::text[])`,
} as const;
