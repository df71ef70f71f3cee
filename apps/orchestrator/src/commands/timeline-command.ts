import { type AnySaga, printable, remainingPath, timelineText } from '@skald/core';
import type { InstanceKey, Store } from '@skald/ports';

const MOST_ENTRIES = 10_000;

/**
 * @returns what to print of a saga's history, a line for each entry
 * @throws Error when there is no such saga
 */
export async function timelineCommand(
  key: InstanceKey,
  store: Pick<Store, 'find' | 'history'>,
  sagas: readonly AnySaga[],
): Promise<string> {
  const { namespace, id } = key;
  const [instance] = await store.find([key]);
  if (instance === undefined) throw new Error(`there is no saga '${id}' in namespace '${namespace}'`);
  const { name, version } = instance.definition;
  const history = await store.history(key, 0, MOST_ENTRIES);
  const lines = history.map((entry) => `  ${timeText(entry.at)}  ${timelineText(entry)}`);
  const definition = sagas.find((saga) => saga.name === name && saga.version === version);
  const remaining = definition ? remainingPath(definition, instance) : [];
  return [
    `${id}  ${name}@${version}  ${instance.status.toUpperCase()}`,
    ...lines,
    ...(remaining.length > 0 ? [`  still to come: ${remaining.join(' → ')}`] : []),
  ]
    .map((line) => printable(line))
    .join('\n');
}

function timeText(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').slice(0, 23);
}
