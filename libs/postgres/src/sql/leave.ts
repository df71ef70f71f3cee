/** Forgets a process that ends. Index: skald_process_pkey. */
export const leave = {
  name: 'skald_leave',
  text: `
    DELETE FROM skald_process WHERE id = $1`,
} as const;
