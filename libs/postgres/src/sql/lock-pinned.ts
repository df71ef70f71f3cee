import { INSTANCE_COLUMNS } from './instance-row.js';

/** Locks instances that still move and were started with this structure. Read at boot, so it needs no index. */
export const lockPinned = {
  name: 'skald_lock_pinned',
  text: `
    SELECT ${INSTANCE_COLUMNS}
      FROM skald_instance i
     WHERE i.namespace = $1
       AND i.definition = $2
       AND i.definition_hash = $3
       AND i.status IN ('running', 'compensating')
     ORDER BY i.id
     LIMIT $4
       FOR UPDATE`,
} as const;
