import { INSTANCE_COLUMNS } from './instance-row.js';

/** Reads instances without locking them. Index: skald_instance_pkey. */
export const findInstances = {
  name: 'skald_find_instances',
  text: `
    SELECT ${INSTANCE_COLUMNS}
      FROM unnest($1::text[], $2::text[]) AS wanted (namespace, id)
      JOIN skald_instance i USING (namespace, id)`,
} as const;
