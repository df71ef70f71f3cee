import 'reflect-metadata';
import { printable } from '@skald/core';
import { messageOf } from '@skald/ports';
import { DefinitionRegistry, findMisfits } from '@skald/runtime';
import { SAGAS } from '../sagas.js';
import { withStore } from './open-store.js';

/**
 * Run with a new build before it is deployed: tells which in-flight instances it would not fit. Exits with 1 when there
 * are some.
 */
try {
  await withStore(async (store, namespace) => {
    const definitions = new DefinitionRegistry();
    for (const saga of SAGAS) definitions.register(saga);
    const misfits = await findMisfits(store, namespace, definitions);
    for (const { definition, count, problem } of misfits) {
      // What is in the database may have been put there by anybody.
      const instances = `${count} in-flight instances of '${printable(definition)}'`;
      console.log(
        problem === 'changed'
          ? `${instances} do not fit: its structure has changed; give it a new version and keep the old one`
          : `${instances} would wait: this build does not have it`,
      );
    }
    if (misfits.length === 0) {
      const known = definitions.references().join(', ');
      console.log(`every in-flight instance in namespace '${namespace}' fits this build (${known})`);
    }
    process.exitCode = misfits.length === 0 ? 0 : 1;
  });
} catch (error) {
  console.error(printable(messageOf(error)));
  process.exitCode = 2;
}
