import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The version of an installed package. */
export function packageVersion(name: string): string {
  // Not every package lets its package.json be required, but each has one in its folder.
  const folder = require.resolve.paths(name)?.map((path) => `${path}/${name}/package.json`) ?? [];
  for (const path of folder) {
    try {
      return (require(path) as { readonly version: string }).version;
    } catch {
      // Not in this node_modules; the next one up.
    }
  }
  throw new Error(`The package ${name} is not installed: run \`npm ci\` in bench/peers.`);
}
