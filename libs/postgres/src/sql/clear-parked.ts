/** Forgets messages that were taken up. Index: skald_parked_pkey. */
export const clearParked = {
  name: 'skald_clear_parked',
  text: `
    DELETE FROM skald_parked WHERE id = ANY ($1::bigint[])`,
} as const;
