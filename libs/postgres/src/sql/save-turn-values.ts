import { definitionRef, timeText } from '@skald/core';
import { type Changes, checkNames, outsideColumn, textColumn } from '@skald/ports';
import { stateText } from './instance-row.js';

/** The parameters of `saveTurn`, one text per column. */
export function saveTurnValues(
  namespace: string,
  { created, startIds = [], updated, history, owed, settled }: Changes,
  now: number,
): unknown[] {
  checkNames(startIds.filter((id) => id !== null));
  const changed = updated.map(({ instance }) => instance);
  return [
    namespace,
    outsideColumn(created.map(({ id }) => id)),
    outsideColumn(created.map(({ definition }) => definitionRef(definition))),
    textColumn(created.map(({ definition }) => definition.hash)),
    textColumn(created.map(({ status }) => status)),
    textColumn(created.map(({ revision }) => revision)),
    textColumn(created.map(({ input }) => JSON.stringify(input))),
    textColumn(created.map(stateText)),
    textColumn(created.map(({ wakeAt }) => (wakeAt === null ? null : timeText(wakeAt)))),
    textColumn(created.map(({ createdAt }) => timeText(createdAt))),
    textColumn(created.map(({ updatedAt }) => timeText(updatedAt))),
    textColumn(changed.map(() => namespace)),
    textColumn(changed.map(({ id }) => id)),
    textColumn(changed.map(({ status }) => status)),
    textColumn(changed.map(({ revision }) => revision)),
    textColumn(updated.map(({ fromRevision }) => fromRevision)),
    textColumn(changed.map(stateText)),
    textColumn(changed.map(({ wakeAt }) => (wakeAt === null ? null : timeText(wakeAt)))),
    textColumn(changed.map(({ updatedAt }) => timeText(updatedAt))),
    textColumn(history.map(({ key }) => key.id)),
    textColumn(history.map(({ entry }) => entry.sequence)),
    textColumn(history.map(({ entry }) => timeText(entry.at))),
    textColumn(
      history.map(({ entry: { cause, effects, status, failure } }) =>
        JSON.stringify({ cause, effects, status, failure }),
      ),
    ),
    settled,
    timeText(now),
    outsideColumn(owed),
    textColumn(created.map((_, index) => startIds[index] ?? null)),
  ];
}
