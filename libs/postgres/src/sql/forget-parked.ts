/** Forgets kept messages that are done with. Index: skald_parked_pkey. */
export const forgetParked = {
  name: 'skald_forget_parked',
  text: `
    DELETE FROM skald_parked WHERE id = ANY ($1::bigint[])`,
} as const;
