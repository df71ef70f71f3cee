/** Keeps messages for a process that knows their definition. */
export const parkMessages = {
  name: 'skald_park_messages',
  text: `
    INSERT INTO skald_parked (namespace, definition, message, created_at)
    SELECT $1, definition, message, $4
      FROM unnest($2::text[], $3::json[]) AS parked (definition, message)`,
} as const;
