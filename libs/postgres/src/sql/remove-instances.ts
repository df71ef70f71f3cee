/** Deletes instances with their history. Indexes: skald_instance_pkey, skald_history_pkey. */
export const removeInstances = {
  name: 'skald_remove_instances',
  text: `
    WITH gone AS (
      DELETE FROM skald_instance i
       USING unnest($1::text[], $2::text[]) AS removed (namespace, id)
       WHERE i.namespace = removed.namespace AND i.id = removed.id
    )
    DELETE FROM skald_history h
     USING unnest($1::text[], $2::text[]) AS removed (namespace, id)
     WHERE h.namespace = removed.namespace AND h.saga_id = removed.id`,
} as const;
