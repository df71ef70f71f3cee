/** Moves the wake-ups of instances that this transaction has locked; nothing else of them changes. Index: skald_instance_pkey. */
export const postponeWakeups = {
  name: 'skald_postpone_wakeups',
  text: `
    UPDATE skald_instance i
       SET next_wakeup_at = p.wakeup_at
      FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS p (namespace, id, wakeup_at)
     WHERE i.namespace = p.namespace AND i.id = p.id`,
} as const;
