import { ALIVE_MS, ASKED_MS, REMEMBERED_MS } from '@skald/ports';
import { DATABASE_TIME } from '../database-time.js';

/**
 * Notes that a process lives, forgets what those left behind that no longer do, and tells who else is there, or nobody, and
 * what the clock says: always a row. With `$5` also of those that have fallen silent, the
 * latest, and forgets them much later.
 * Two that do this at once pass over each other's rows. Indexes: skald_process_pkey, skald_parked_asked.
 */
export const beat = {
  name: 'skald_beat',
  text: `
    WITH own AS (
      INSERT INTO skald_process (id, namespace, label, definitions)
      VALUES ($2, $1, $3, $4)
          ON CONFLICT (id) DO UPDATE SET seen_at = now(), definitions = EXCLUDED.definitions
    ), gone AS (
      DELETE FROM skald_process
       WHERE id IN (SELECT id FROM skald_process
                     WHERE seen_at <= now() - CASE WHEN $5::boolean THEN interval '${REMEMBERED_MS} ms' ELSE interval '${ALIVE_MS} ms' END
                       AND id <> $2
                       FOR UPDATE SKIP LOCKED)
    ), unread AS (
      DELETE FROM skald_parked
       WHERE id IN (SELECT id FROM skald_parked
                     WHERE is_asked AND created_at <= now() - interval '${6 * ASKED_MS} ms'
                       FOR UPDATE SKIP LOCKED)
    )
    SELECT id, label, definitions, is_silent, now
      FROM (SELECT ${DATABASE_TIME} AS now) AS clock
      LEFT JOIN (
           SELECT id, label, definitions, false AS is_silent
             FROM skald_process
            WHERE namespace = $1 AND id <> $2 AND seen_at > now() - interval '${ALIVE_MS} ms'
            UNION ALL
           (SELECT id, label, definitions, true AS is_silent
              FROM skald_process
             WHERE $5::boolean AND namespace = $1 AND id <> $2
               AND seen_at <= now() - interval '${ALIVE_MS} ms' AND seen_at > now() - interval '${REMEMBERED_MS} ms'
             ORDER BY seen_at DESC
             LIMIT 100)) AS others
        ON true`,
} as const;
