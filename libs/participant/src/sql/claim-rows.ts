import { arrayFrom } from '@skald/ports';

/**
 * Takes the rows of commands that nobody has handled, in one order in every worker, so that no two wait for each other.
 * Waits for a transaction that is inserting the same row, and sees how it ended. Index: skald_barrier_pkey.
 */
export const claimRows = {
  name: 'skald_barrier_claim',
  text: `
    INSERT INTO skald_barrier (command_id, state, reply, digest)
    SELECT *
      FROM unnest(${arrayFrom(1)}, ${arrayFrom(2)}, ${arrayFrom(3, 'json')}, ${arrayFrom(4)})
        AS claim (command_id, state, reply, digest)
     ORDER BY command_id
        ON CONFLICT (command_id) DO NOTHING
    RETURNING command_id`,
} as const;
