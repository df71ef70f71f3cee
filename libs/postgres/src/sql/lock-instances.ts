import { INSTANCE_COLUMNS } from './instance-row.js';

/**
 * Locks a turn's instances, always in the same order, so that two workers cannot wait for each other.
 * Index: skald_instance_pkey.
 */
export const lockInstances = {
  name: 'skald_lock_instances',
  text: `
    SELECT ${INSTANCE_COLUMNS}
      FROM unnest($1::text[], $2::text[]) AS wanted (namespace, id)
      JOIN skald_instance i USING (namespace, id)
     ORDER BY i.namespace, i.id
       FOR UPDATE OF i`,
} as const;
