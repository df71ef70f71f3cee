/** How many messages are kept for each definition, and for how long. Index: skald_parked_definition. */
export const countKept = {
  name: 'skald_count_kept',
  text: `
    SELECT definition, count(*)::int AS count,
           (extract(epoch FROM now() - min(created_at)) * 1000)::float8 AS oldest_ms
      FROM skald_parked
     WHERE namespace = $1 AND NOT is_asked
     GROUP BY definition
     ORDER BY definition COLLATE "C"`,
} as const;
