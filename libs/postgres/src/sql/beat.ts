import { ALIVE_MS, ASKED_MS } from '@skald/runtime';
import { DATABASE_TIME } from '../database-time.js';

/**
 * Notes that a process lives, forgets what those left behind that no longer do, and tells who else is there, or nobody, and
 * what the clock says: always a row.
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
                     WHERE seen_at <= now() - interval '${ALIVE_MS} ms' AND id <> $2
                       FOR UPDATE SKIP LOCKED)
    ), unread AS (
      DELETE FROM skald_parked
       WHERE id IN (SELECT id FROM skald_parked
                     WHERE is_asked AND created_at <= now() - interval '${6 * ASKED_MS} ms'
                       FOR UPDATE SKIP LOCKED)
    )
    SELECT id, label, definitions, now
      FROM (SELECT ${DATABASE_TIME} AS now) AS clock
      LEFT JOIN skald_process
        ON namespace = $1 AND id <> $2 AND seen_at > now() - interval '${ALIVE_MS} ms'`,
} as const;
