/** Forgets a request, and says how it stood. Index: skald_parked_pkey. */
export const withdrawRequest = {
  name: 'skald_withdraw_request',
  text: `
    DELETE FROM skald_parked WHERE id = $1 RETURNING taken_at IS NOT NULL AS taken, answer`,
} as const;
