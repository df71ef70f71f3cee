/** Deletes traces of removed instances whose time is over. Index: skald_removed_kept. */
export const dropTraces = {
  name: 'skald_drop_traces',
  text: `
    DELETE FROM skald_removed
     WHERE id IN (
           SELECT id
             FROM skald_removed
            WHERE kept_until < $2
              AND namespace = $1
            ORDER BY kept_until
            LIMIT $3
              FOR UPDATE SKIP LOCKED)`,
} as const;
