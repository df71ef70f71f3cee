/**
 * What was answered to commands that were handled before. Once a batch, and not prepared, so that it is planned for the
 * table as it is. Index: skald_barrier_pkey.
 */
export const storedReplies = {
  text: 'SELECT command_id, reply FROM skald_barrier WHERE command_id = ANY ($1::text[])',
} as const;
