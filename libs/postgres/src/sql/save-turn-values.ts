import { definitionRef } from '@skald/core';
import type { Changes } from '@skald/runtime';
import { stateText, timestamp } from './instance-row.js';

/** The parameters of `saveTurn`, one array per column. */
export function saveTurnValues(
  namespace: string,
  { created, updated, history, owed, settled }: Changes,
  now: number,
): unknown[] {
  const changed = updated.map(({ instance }) => instance);
  return [
    created.map(({ namespace }) => namespace),
    created.map(({ id }) => id),
    created.map(({ definition }) => definitionRef(definition)),
    created.map(({ definition }) => definition.hash),
    created.map(({ status }) => status),
    created.map(({ revision }) => revision),
    created.map(({ input }) => JSON.stringify(input)),
    created.map(stateText),
    created.map(({ wakeAt }) => wakeAt && timestamp(wakeAt)),
    created.map(({ createdAt }) => timestamp(createdAt)),
    created.map(({ updatedAt }) => timestamp(updatedAt)),
    changed.map(({ namespace }) => namespace),
    changed.map(({ id }) => id),
    changed.map(({ status }) => status),
    changed.map(({ revision }) => revision),
    updated.map(({ fromRevision }) => fromRevision),
    changed.map(stateText),
    changed.map(({ wakeAt }) => wakeAt && timestamp(wakeAt)),
    changed.map(({ updatedAt }) => timestamp(updatedAt)),
    history.map(({ key }) => key.namespace),
    history.map(({ key }) => key.id),
    history.map(({ entry }) => entry.sequence),
    history.map(({ entry }) => timestamp(entry.at)),
    history.map(({ entry: { cause, effects, status, failure } }) =>
      JSON.stringify({ cause, effects, status, failure }),
    ),
    settled,
    timestamp(now),
    owed,
    namespace,
  ];
}
