/** Which of these messages have begun sagas that are removed since. Index: skald_removed_start. */
export const pastStarts = {
  name: 'skald_past_starts',
  text: `
    SELECT w.saga_id, w.start_id
      FROM unnest($2::text[], $3::text[]) AS w (saga_id, start_id)
     WHERE (SELECT r.id
              FROM skald_removed r
             WHERE r.namespace = $1 AND r.saga_id = w.saga_id AND r.start_id = w.start_id
             LIMIT 1) IS NOT NULL`,
} as const;
