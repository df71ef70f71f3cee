import { DATABASE_TIME } from '@skald/postgres';

export interface SweptRow {
  readonly removed: number;
  /** What the database's clock says, in milliseconds since 1970. */
  readonly now: number;
}

/**
 * Removes rows that are older than the retention, oldest first. Passes over those that another replica is removing.
 * Index: skald_barrier_age.
 */
export const deleteOldRows = {
  text: `
    WITH old AS (
      DELETE FROM skald_barrier
       WHERE command_id IN (
             SELECT command_id
               FROM skald_barrier
              WHERE created_at < now() - $1 * interval '1 millisecond'
              ORDER BY created_at
              LIMIT $2
                FOR UPDATE SKIP LOCKED)
      RETURNING command_id)
    SELECT count(*)::int AS removed, ${DATABASE_TIME} AS now FROM old`,
} as const;
