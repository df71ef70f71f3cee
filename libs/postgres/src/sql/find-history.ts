import type { HistoryEntry } from '@skald/core';

/** Reads what happened to an instance, oldest first. Index: skald_history_pkey. */
export const findHistory = {
  name: 'skald_find_history',
  text: `
    SELECT sequence, at, entry
      FROM skald_history
     WHERE namespace = $1
       AND saga_id = $2
       AND sequence > $3
     ORDER BY sequence
     LIMIT $4`,
} as const;

export interface HistoryRow {
  sequence: number;
  at: Date;
  entry: Omit<HistoryEntry, 'sequence' | 'at'>;
}
