import { RequestType } from '@skald/core';

/** Which of these sagas were asked to start and wait for a process that knows them. Index: skald_parked_saga. */
export const keptStarts = {
  name: 'skald_kept_starts',
  text: `
    SELECT saga_id, definition
      FROM skald_parked
     WHERE namespace = $1
       AND saga_id = ANY ($2::text[])
       AND NOT is_asked
       AND message->>'type' = '${RequestType.start}'
     ORDER BY id DESC`,
} as const;
