/**
 * Removes rows that are older than the retention, oldest first. Passes over those that another replica is removing.
 * Index: skald_barrier_age.
 */
export const deleteOldRows = {
  text: `
    DELETE FROM skald_barrier
     WHERE command_id IN (
           SELECT command_id
             FROM skald_barrier
            WHERE created_at < now() - $1 * interval '1 millisecond'
            ORDER BY created_at
            LIMIT $2
              FOR UPDATE SKIP LOCKED)`,
} as const;
