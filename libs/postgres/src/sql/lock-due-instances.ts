import { INSTANCE_COLUMNS } from './instance-row.js';

/**
 * Locks instances whose wake-up has come and that nobody else holds. Instances of definitions that this process does
 * not know are left for one that does. Index: skald_instance_wakeup.
 */
export const lockDueInstances = {
  name: 'skald_lock_due_instances',
  text: `
    SELECT ${INSTANCE_COLUMNS}
      FROM skald_instance i
     WHERE i.next_wakeup_at <= $1
       AND i.namespace = $2
       AND i.definition = ANY ($3::text[])
       AND i.definition || '#' || i.definition_hash <> ALL ($5::text[])
     ORDER BY i.next_wakeup_at
     LIMIT $4
       FOR UPDATE SKIP LOCKED`,
} as const;
