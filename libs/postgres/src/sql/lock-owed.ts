/** Locks outbox rows that were never confirmed and that no other relay holds. Index: skald_outbox_pkey, read from its start. */
export const lockOwed = {
  name: 'skald_lock_owed',
  text: `
    SELECT id, message_ids
      FROM skald_outbox
     WHERE namespace = $1 AND created_at < $2
     ORDER BY id
     LIMIT $3
       FOR UPDATE SKIP LOCKED`,
} as const;
