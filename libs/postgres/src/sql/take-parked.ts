import { ASKED_MS, TAKEN_MS } from '@skald/ports';

/**
 * Takes up messages that were kept for definitions that this process knows: nobody else gets them for a while. A request that
 * somebody waits for is taken once. Index: skald_parked_definition.
 */
export const takeParked = {
  name: 'skald_take_parked',
  text: `
    WITH due AS (
      SELECT id
        FROM skald_parked
       WHERE namespace = $1
         AND definition = ANY ($2::text[])
         AND CASE WHEN is_asked
                  THEN taken_at IS NULL AND created_at > now() - interval '${ASKED_MS} ms'
                  ELSE taken_at IS NULL OR taken_at <= now() - interval '${TAKEN_MS} ms' END
       ORDER BY id
       LIMIT $3
         FOR UPDATE SKIP LOCKED
    ), taken AS (
      UPDATE skald_parked p SET taken_at = now() FROM due WHERE p.id = due.id
      RETURNING p.id, p.message, p.is_asked
    )
    SELECT id, message, is_asked FROM taken ORDER BY id`,
} as const;
