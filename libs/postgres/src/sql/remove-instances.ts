import { timeText } from '@skald/core';
import { checkTexts, type RemovedInstance } from '@skald/ports';

/** Deletes instances with their history, and leaves a trace of each. Indexes: skald_instance_pkey, skald_history_pkey. */
export const removeInstances = {
  name: 'skald_remove_instances',
  text: `
    WITH removed AS (
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[],
                           $5::timestamptz[], $6::text[], $7::text[], $8::timestamptz[], $9::text[],
                           $10::text[])
          AS removed (namespace, id, definition, status, removed_at, actor, reason, kept_until, incarnation,
                      start_id)
    ), gone AS (
      DELETE FROM skald_instance i
       USING removed
       WHERE i.namespace = removed.namespace AND i.id = removed.id
      RETURNING i.namespace, i.id, i.start_id
    ), told AS (
      INSERT INTO skald_removed
             (namespace, saga_id, definition, status, removed_at, actor, reason, kept_until, incarnation, start_id)
      SELECT r.namespace, r.id, r.definition, r.status, r.removed_at, r.actor, r.reason, r.kept_until, r.incarnation,
             coalesce(r.start_id, gone.start_id)
        FROM removed r
        LEFT JOIN gone USING (namespace, id)
    )
    DELETE FROM skald_history h
     USING removed
     WHERE h.namespace = removed.namespace AND h.saga_id = removed.id`,
} as const;

/** The parameters of `removeInstances`. */
export function removeInstancesValues(removed: readonly RemovedInstance[]): (string | null)[][] {
  for (const { actor, reason, startId } of removed) checkTexts([actor, reason, startId ?? '']);
  return [
    removed.map(({ namespace }) => namespace),
    removed.map(({ id }) => id),
    removed.map(({ definition }) => definition),
    removed.map(({ status }) => status),
    removed.map(({ removedAt }) => timeText(removedAt)),
    removed.map(({ actor }) => actor),
    removed.map(({ reason }) => reason),
    removed.map(({ keptUntil }) => timeText(keptUntil)),
    removed.map(({ incarnation }) => incarnation ?? null),
    removed.map(({ startId }) => startId ?? null),
  ];
}
