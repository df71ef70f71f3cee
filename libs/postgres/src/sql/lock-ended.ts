import { INSTANCE_COLUMNS } from './instance-row.js';

/** Locks instances that ended long ago. Index: skald_instance_updated. */
export const lockEnded = {
  name: 'skald_lock_ended',
  text: `
    SELECT ${INSTANCE_COLUMNS}
      FROM skald_instance i
     WHERE i.updated_at >= $2 AND i.updated_at < $3
       AND i.namespace = $1
       AND i.status IN ('completed', 'compensated', 'terminated')
     LIMIT $4
       FOR UPDATE SKIP LOCKED`,
} as const;
