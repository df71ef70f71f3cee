import { arrayFrom } from '@skald/ports';

/**
 * Fills the rows that a transaction took. Each of them is there, so this only ever updates; it is written as an insert
 * because a conflict is always found through the key. A join that is prepared while the table is small reads all of it,
 * and goes on so until PostgreSQL next takes statistics. Index: skald_barrier_pkey.
 */
export const keepReplies = {
  name: 'skald_barrier_keep',
  text: `
    INSERT INTO skald_barrier (command_id, state, reply)
    SELECT * FROM unnest(${arrayFrom(1)}, ${arrayFrom(2)}, ${arrayFrom(3, 'json')})
        ON CONFLICT (command_id) DO UPDATE SET state = excluded.state, reply = excluded.reply`,
} as const;
