import 'reflect-metadata';
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
      console.log(
        problem === 'changed'
          ? `${count} in-flight instances of '${definition}' do not fit: its structure has changed; give it a new version and keep the old one`
          : `${count} in-flight instances of '${definition}' would wait: this build does not have it`,
      );
    }
    if (misfits.length === 0) {
      const known = definitions.references().join(', ');
      console.log(`every in-flight instance in namespace '${namespace}' fits this build (${known})`);
    }
    process.exitCode = misfits.length === 0 ? 0 : 1;
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
