/** Locks messages that were kept for definitions that this process knows. Index: skald_parked_definition. */
export const lockParked = {
  name: 'skald_lock_parked',
  text: `
    SELECT id, message
      FROM skald_parked
     WHERE namespace = $1
       AND definition = ANY ($2::text[])
     ORDER BY id
     LIMIT $3
       FOR UPDATE SKIP LOCKED`,
} as const;
