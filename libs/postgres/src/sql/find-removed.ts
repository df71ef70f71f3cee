import type { RemovedInstance } from '@skald/ports';

/** Reads the traces of instances of one id that were removed. Index: skald_removed_instance. */
export const findRemoved = {
  name: 'skald_find_removed',
  text: `
    SELECT namespace, saga_id, incarnation, start_id, definition, status, removed_at, actor, reason, kept_until
      FROM skald_removed
     WHERE namespace = $1
       AND saga_id = $2
     ORDER BY id DESC
     LIMIT 100`,
} as const;

export interface RemovedRow {
  namespace: string;
  saga_id: string;
  incarnation: string | null;
  start_id: string | null;
  definition: string;
  status: RemovedInstance['status'];
  removed_at: Date;
  actor: string;
  reason: string;
  kept_until: Date;
}

export function removedOf(row: RemovedRow): RemovedInstance {
  return {
    namespace: row.namespace,
    id: row.saga_id,
    ...(row.incarnation !== null && { incarnation: row.incarnation }),
    ...(row.start_id !== null && { startId: row.start_id }),
    definition: row.definition,
    status: row.status,
    removedAt: row.removed_at.getTime(),
    actor: row.actor,
    reason: row.reason,
    keptUntil: row.kept_until.getTime(),
  };
}
