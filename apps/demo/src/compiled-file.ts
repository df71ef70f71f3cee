import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the nearest package-lock.json above this module: the same from the sources and from dist. */
const repositoryRoot = findRoot(import.meta.dirname);

/**
 * The compiled form of a source file of apps, bench or test, for starting it as a process.
 *
 * @param source from the root, e.g. `apps/orchestrator/src/main.ts`
 */
export function compiledFile(source: string): string {
  return join(repositoryRoot, 'dist', source.replace(/\.ts$/, '.js'));
}

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package-lock.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`no package-lock.json above ${import.meta.dirname}`);
  return findRoot(parent);
}
