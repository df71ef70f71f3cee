/** Says what came of a request, if its asker still waits. Index: skald_parked_pkey. */
export const answerRequest = {
  name: 'skald_answer_request',
  text: `
    UPDATE skald_parked SET answer = $2 WHERE id = $1 AND is_asked`,
} as const;
