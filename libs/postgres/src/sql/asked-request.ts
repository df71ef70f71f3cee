/** How a request stands that was handed to another process. Index: skald_parked_pkey. */
export const askedRequest = {
  name: 'skald_asked_request',
  text: `
    SELECT taken_at IS NOT NULL AS taken, answer FROM skald_parked WHERE id = $1`,
} as const;
