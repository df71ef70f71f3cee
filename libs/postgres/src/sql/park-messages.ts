/** Keeps messages for a process that knows their definition. */
export const parkMessages = {
  name: 'skald_park_messages',
  text: `
    INSERT INTO skald_parked (namespace, definition, message, created_at, saga_id)
    SELECT $1, definition, message, now(), saga_id
      FROM unnest($2::text[], $3::json[], $4::text[]) AS parked (definition, message, saga_id)`,
} as const;
