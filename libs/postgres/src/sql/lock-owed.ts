/** Locks outbox rows that were never confirmed and that no other relay holds. Index: skald_outbox_pkey, read from its start. */
export const lockOwed = {
  name: 'skald_lock_owed',
  text: `
    SELECT id, message_ids
      FROM skald_outbox
     WHERE created_at < $1
     ORDER BY id
     LIMIT $2
       FOR UPDATE SKIP LOCKED`,
} as const;
