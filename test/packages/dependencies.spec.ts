import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { libraries, packagedApps, type Room } from './rooms.js';

/** Those that nobody imports, but that what we import asks for: class-validator-jsonschema for the first two, Nest for the third. */
const ASKED_FOR_BELOW = ['class-transformer', 'class-validator', 'reflect-metadata'];

const rooms = [...libraries, ...packagedApps];

describe.each(rooms.map((room) => [room.manifest.name, room] as const))('%s', (_name, room) => {
  const { dependencies = {}, peerDependencies = {} } = room.manifest;
  const listed = Object.keys({ ...dependencies, ...peerDependencies });

  it('imports nothing but what its package.json lists', () => {
    expect(importsOf(room).filter((name) => !listed.includes(name))).toEqual([]);
  });

  it('lists nothing that it does not use', () => {
    const used = [...importsOf(room), ...ASKED_FOR_BELOW];
    const types = used.map((name) => `@types/${name}`);
    expect(listed.filter((name) => ![...used, ...types].includes(name))).toEqual([]);
  });

  it('is built after the packages that it imports', () => {
    const { references = [] } = JSON.parse(
      readFileSync(join(room.folder, 'tsconfig.build.json'), 'utf8'),
    ) as {
      references?: readonly { readonly path: string }[];
    };
    const built = references.map(({ path }) => join(room.folder, path, '..'));
    const folders = rooms.filter(({ manifest }) => manifest.name in dependencies).map(({ folder }) => folder);
    expect(built.toSorted()).toEqual(folders.toSorted());
  });

  it('has the version of all, and asks for the others in it', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const ours = Object.entries(dependencies).filter(([name]) => name.startsWith('@skald/'));
    expect([room.manifest.version, ...ours.map(([, asked]) => asked)]).toEqual(
      Array.from({ length: ours.length + 1 }, () => version),
    );
  });
});

it('npm run build builds every package', () => {
  const { references } = JSON.parse(readFileSync('tsconfig.build.json', 'utf8')) as {
    references: readonly { readonly path: string }[];
  };
  const built = references.map(({ path }) => join(path, '..'));
  expect(built.toSorted()).toEqual(rooms.map(({ folder }) => folder).toSorted());
});

/** The packages that the sources of a room name, without tests. */
function importsOf({ folder }: Room): string[] {
  const files = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/\.(spec|contract|fixture|d)\.ts$/.test(file),
  );
  const names = files.flatMap((file) => {
    const text = readFileSync(join(folder, 'src', file), 'utf8');
    const imported = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
    const resolved = [...text.matchAll(/\.resolve\('([^']+)'\)/g)].map(([, name = '']) => name);
    return [...imported, ...resolved];
  });
  const packages = names
    .filter((name) => !name.startsWith('.') && !name.startsWith('#') && !isBuiltin(name))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  return [...new Set(packages)].toSorted();
}
