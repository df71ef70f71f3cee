import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packed, ran, tarballOf } from './npm.js';
import { entriesOf, libraries } from './rooms.js';

/** These packages are ES modules alone: of TypeScript's ways to resolve, these two are theirs. */
const RESOLUTIONS = new Set(['node16-esm', 'bundler']);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skald-packages-'));
  await packed(folder);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(libraries.map((room) => [room.manifest.name, room] as const))(
  'the tarball of %s',
  (_name, room) => {
    it('is one that publint has nothing to say about', async () => {
      expect(
        await ran('.', join('node_modules', '.bin', 'publint'), [tarballOf(folder, room), '--strict']),
      ).toContain('All good!');
    });

    it('has types that are right for Node and for bundlers', async () => {
      const analysis = await checkPackage(
        createPackageFromTarballData(await readFile(tarballOf(folder, room))),
      );
      if (!analysis.types) throw new Error('the tarball has no types');
      const problems = analysis.problems.filter(
        (problem) => !('resolutionKind' in problem) || RESOLUTIONS.has(problem.resolutionKind),
      );
      expect(problems).toEqual([]);
      expect(Object.keys(analysis.entrypoints)).toEqual(Object.keys(room.manifest.exports));
    });

    it('holds what is compiled, without tests, and its licence', async () => {
      const files = (await ran('.', 'tar', ['-tzf', tarballOf(folder, room)])).trim().split('\n');
      expect(
        files.filter((file) => /\/src\/|\.(spec|contract|fixture)\.|tsbuildinfo|node_modules/.test(file)),
      ).toEqual([]);
      expect(files).toEqual(
        expect.arrayContaining(['package/LICENSE', 'package/README.md', 'package/dist/index.js']),
      );
    });
  },
);

it('every entry of every package is imported by Node', async () => {
  const entries = libraries.flatMap(entriesOf);
  await ran('.', process.execPath, ['--input-type=module', '-e', importing(entries)]);
});

function importing(entries: readonly string[]): string {
  return `import 'reflect-metadata';\n${entries.map((entry) => `await import('${entry}');`).join('\n')}`;
}
