import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What these tests read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A folder that is a package: `libs/core`, say. */
export interface Room {
  readonly folder: string;
  readonly manifest: Manifest;
}

export const libraries: readonly Room[] = roomsIn('libs');
export const packagedApps: readonly Room[] = roomsIn('apps');

/** The names by which others import from a package: `@skald/core`, and with each of its sub-entries. */
export function entriesOf({ manifest }: Room): string[] {
  return Object.keys(manifest.exports).map((entry) => join(manifest.name, entry));
}

export function libraryNamed(name: string): Room {
  const room = libraries.find(({ manifest }) => manifest.name === name);
  if (room === undefined) throw new Error(`no folder of libs/ is called ${name} in its package.json`);
  return room;
}

/** A library and the libraries below it. */
export function withLibrariesBelow(names: readonly string[]): Room[] {
  const found = new Map<string, Room>();
  const add = (name: string): void => {
    if (found.has(name)) return;
    const room = libraryNamed(name);
    found.set(name, room);
    for (const below of Object.keys(room.manifest.dependencies ?? {})) {
      if (below.startsWith('@skald/')) add(below);
    }
  };
  names.forEach(add);
  return [...found.values()];
}

function roomsIn(parent: string): Room[] {
  return readdirSync(parent).flatMap((name) => {
    const folder = join(parent, name);
    if (!readdirSync(folder).includes('package.json')) return [];
    return [{ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest }];
  });
}
