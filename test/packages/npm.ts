import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { Room } from './rooms.js';

const run = promisify(execFile);

/** Runs a program of a folder and gives what it printed; the error of one that fails has all of it. */
export async function ran(folder: string, program: string, args: readonly string[]): Promise<string> {
  // Options for jest's Node are not for its children; npm's own variables would take them back to this repository.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => name !== 'NODE_OPTIONS' && !/^npm_(package|lifecycle|command)/.test(name),
    ),
  );
  try {
    return (await run(program, args, { cwd: folder, env, maxBuffer: 50_000_000 })).stdout;
  } catch (error) {
    // Thrown by Node itself, so it is no Error of this test's realm.
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed: ${stdout}${stderr}`, { cause: error });
  }
}

/** Where `packed` puts the tarball of a package. */
export function tarballOf(folder: string, { manifest }: Room): string {
  return join(folder, `${manifest.name.slice(1).replace('/', '-')}-${manifest.version}.tgz`);
}

/** Packs all libraries, as `npm run pack` does. */
export async function packed(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await ran('.', 'npm', ['pack', '--workspace', 'libs', '--pack-destination', folder, '--silent']);
}

/**
 * Makes a new project in a folder and installs into it.
 *
 * @param tarballs where they are
 * @param wanted the packages of this repository that the project names
 * @param below those that these need: they come from their tarballs, too
 * @param others from the registry
 */
export async function installed(
  folder: string,
  tarballs: string,
  wanted: readonly Room[],
  below: readonly Room[],
  others: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const byName = (rooms: readonly Room[]): Record<string, string> =>
    Object.fromEntries(rooms.map((room) => [room.manifest.name, `file:${tarballOf(tarballs, room)}`]));
  const manifest = {
    name: basename(folder),
    version: '1.0.0',
    private: true,
    type: 'module',
    dependencies: { ...byName(wanted), ...others },
    overrides: byName(below),
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  await ran(folder, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']);
}
