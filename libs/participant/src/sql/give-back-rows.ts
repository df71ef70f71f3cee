/** Gives back the rows of commands that failed, so that they can be tried again. Rare. Index: skald_barrier_pkey. */
export const giveBackRows = {
  text: 'DELETE FROM skald_barrier WHERE command_id = ANY ($1::text[])',
} as const;
