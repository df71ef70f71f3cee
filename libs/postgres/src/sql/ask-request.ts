/** Hands a request to a process that knows the definition. */
export const askRequest = {
  name: 'skald_ask_request',
  text: `
    INSERT INTO skald_parked (namespace, definition, message, created_at, saga_id, is_asked)
    VALUES ($1, $2, $3, now(), $4, true)
    RETURNING id`,
} as const;
