import { definitionRef, timeText } from '@skald/core';
import type { Changes } from '@skald/runtime';
import { stateText } from './instance-row.js';
import { JSON_SEPARATOR } from './save-turn.js';

/** The parameters of `saveTurn`, one array per column. */
export function saveTurnValues(
  namespace: string,
  { created, updated, history, owed, settled }: Changes,
  now: number,
): unknown[] {
  const changed = updated.map(({ instance }) => instance);
  return [
    namespace,
    created.map(({ id }) => id),
    created.map(({ definition }) => definitionRef(definition)),
    created.map(({ definition }) => definition.hash),
    created.map(({ status }) => status),
    created.map(({ revision }) => revision),
    jsonColumn(created.map(({ input }) => JSON.stringify(input))),
    jsonColumn(created.map(stateText)),
    created.map(({ wakeAt }) => wakeAt && timeText(wakeAt)),
    created.map(({ createdAt }) => timeText(createdAt)),
    created.map(({ updatedAt }) => timeText(updatedAt)),
    changed.map(() => namespace),
    changed.map(({ id }) => id),
    changed.map(({ status }) => status),
    changed.map(({ revision }) => revision),
    updated.map(({ fromRevision }) => fromRevision),
    jsonColumn(changed.map(stateText)),
    changed.map(({ wakeAt }) => wakeAt && timeText(wakeAt)),
    changed.map(({ updatedAt }) => timeText(updatedAt)),
    history.map(({ key }) => key.id),
    history.map(({ entry }) => entry.sequence),
    history.map(({ entry }) => timeText(entry.at)),
    jsonColumn(
      history.map(({ entry: { cause, effects, status, failure } }) =>
        JSON.stringify({ cause, effects, status, failure }),
      ),
    ),
    settled,
    timeText(now),
    owed,
  ];
}

function jsonColumn(texts: readonly string[]): string {
  return texts.join(JSON_SEPARATOR);
}
