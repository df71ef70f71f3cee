import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the nearest package.json above this module: the same from the sources and from dist. */
export const repositoryRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

/** `libs/infra/kafka`: what a local broker needs that is not code; the build does not copy it. */
export const kafkaFolder = join(repositoryRoot, 'libs', 'infra', 'kafka');

/**
 * The compiled form of a source file of this repository, for starting it as a process.
 *
 * @param source from the root, e.g. `apps/orchestrator/src/main.ts`
 */
export function compiledFile(source: string): string {
  return join(repositoryRoot, 'dist', source.replace(/\.ts$/, '.js'));
}

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`no package.json above ${import.meta.url}`);
  return findRoot(parent);
}
