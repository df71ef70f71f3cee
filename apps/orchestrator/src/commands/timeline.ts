import 'reflect-metadata';
import { remainingPath, timelineText } from '@skald/core';
import { SAGAS } from '../sagas.js';
import { withStore } from './open-store.js';

/** Prints the timeline of a saga: `npm run timeline -- <saga id>`. */
const [id] = process.argv.slice(2);
try {
  if (id === undefined) throw new Error('name a saga: npm run timeline -- <saga id>');
  await withStore(async (store, namespace) => {
    const [instance] = await store.find([{ namespace, id }]);
    if (instance === undefined) throw new Error(`there is no saga '${id}' in namespace '${namespace}'`);
    const { name, version } = instance.definition;
    console.log(`${id}  ${name}@${version}  ${instance.status.toUpperCase()}`);
    for (const entry of await store.history(instance, 0, 10_000)) {
      console.log(
        `  ${new Date(entry.at).toISOString().replace('T', ' ').slice(0, 23)}  ${timelineText(entry)}`,
      );
    }
    const definition = SAGAS.find((saga) => saga.name === name && saga.version === version);
    const remaining = definition ? remainingPath(definition, instance) : [];
    if (remaining.length > 0) console.log(`  still to come: ${remaining.join(' → ')}`);
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
