/** Locks instances that ended long ago. Index: skald_instance_updated. */
export const lockEnded = {
  name: 'skald_lock_ended',
  text: `
    SELECT namespace, id
      FROM skald_instance
     WHERE updated_at < $2
       AND namespace = $1
       AND status IN ('completed', 'compensated', 'terminated')
     LIMIT $3
       FOR UPDATE SKIP LOCKED`,
} as const;
