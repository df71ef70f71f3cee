/**
 * What was answered to commands that were handled before, and what they were. Once a batch, and not prepared, so that it is
 * planned for the table as it is. Index: skald_barrier_pkey.
 */
export const storedReplies = {
  text: `SELECT command_id, reply, CASE WHEN state = 'handled' THEN digest END AS digest
      FROM skald_barrier
     WHERE command_id = ANY ($1::text[])`,
} as const;
