/** The earliest wake-up of instances that this process wakes. Index: skald_instance_wakeup, read from its start. */
export const nextWakeup = {
  name: 'skald_next_wakeup',
  text: `
    SELECT next_wakeup_at
      FROM skald_instance
     WHERE next_wakeup_at IS NOT NULL
       AND namespace = $1
       AND definition = ANY ($2::text[])
       AND definition || '#' || definition_hash <> ALL ($3::text[])
     ORDER BY next_wakeup_at
     LIMIT 1`,
} as const;
