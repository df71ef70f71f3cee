import 'reflect-metadata';
import { printable } from '@skald/core';
import { messageOf } from '@skald/ports';
import { SAGAS } from '../sagas.js';
import { withStore } from './open-store.js';
import { timelineCommand } from './timeline-command.js';

/** Prints the timeline of a saga: `npm run timeline -- <saga id>`. */
const [id] = process.argv.slice(2);
try {
  if (id === undefined) throw new Error('name a saga: npm run timeline -- <saga id>');
  await withStore(async (store, namespace) => {
    console.log(await timelineCommand({ namespace, id }, store, SAGAS));
  });
} catch (error) {
  console.error(printable(messageOf(error)));
  process.exitCode = 1;
}
