import { existsSync } from 'node:fs';
import { access, constants, mkdir, mkdtemp, readdir, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { codeOf, InfraError } from './infra-error.js';
import { HOW_TO_GET_KAFKA } from './java.js';
import type { LocalStart } from './local-server.js';
import { kafkaFolder } from './package-folder.js';
import { isAlive, removeFolder } from './run-folder.js';
import { UnavailableError } from './unavailable-error.js';
import { KAFKA_VERSION } from './versions.js';

const PROGRESS_EVERY_MS = 4_000;
const ATTEMPTS = 2;

/**
 * The folder with the jars of Kafka, fetched by Maven when this user's cache has none yet. It appears there whole, by
 * one rename: a fetch that breaks off is never used, and of two that run side by side the first wins.
 * @throws {UnavailableError} when Maven is missing or cannot fetch them.
 */
export async function kafkaJars(context: LocalStart): Promise<string> {
  const folderName = `kafka-${KAFKA_VERSION}`;
  const cache = userCache();
  if (cache !== undefined && existsSync(join(cache, folderName))) return join(cache, folderName);

  // Where there is no home, or none to write to, the jars are fetched for this run only.
  const place = cache !== undefined && (await isWritable(cache)) ? cache : context.runFolder;
  const folder = join(place, folderName);
  await removeStalePartials(place);
  const partial = await mkdtemp(join(place, `partial-${process.pid}-`));
  try {
    await fetchInto(partial, folder, context);
    await rename(partial, folder).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error; // else another run was quicker
    });
  } finally {
    await removeFolder(partial);
  }
  return folder;
}

async function fetchInto(partial: string, folder: string, { programs, progress }: LocalStart): Promise<void> {
  progress(`fetching Apache Kafka ${KAFKA_VERSION} from Maven, once (about 43 MB)…`);
  let files = 0;
  const timer = setInterval(
    () => progress(`still fetching Apache Kafka: ${files} files so far…`),
    PROGRESS_EVERY_MS,
  );
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        await programs.run({
          name: 'Maven',
          command: 'mvn',
          args: [
            '--batch-mode',
            `--file=${join(kafkaFolder, 'pom.xml')}`,
            'dependency:copy-dependencies',
            '-DincludeScope=runtime',
            `-DoutputDirectory=${partial}`,
          ],
          onLine: (line) => {
            if (line.includes('Downloaded from')) files += 1;
          },
        });
        return;
      } catch (error) {
        if (programs.closed) throw error;
        if (existsSync(folder)) return; // another run has fetched them in the meantime
        // Two runs that fill an empty local repository of Maven side by side can trip over each other, once.
        if (attempt === ATTEMPTS || isMissing(error)) throw unavailable(error);
      }
    }
  } finally {
    clearInterval(timer);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && codeOf(error.cause) === 'ENOENT';
}

function unavailable(error: unknown): UnavailableError {
  if (isMissing(error)) {
    return new UnavailableError(
      `No Docker daemon answers; Java was found, but not Maven, which fetches Kafka once. ${HOW_TO_GET_KAFKA}`,
    );
  }
  const output = error instanceof InfraError ? error.output : [];
  const said = output.flatMap((line) => /\[ERROR\] +(\S.*)$/.exec(line)?.[1] ?? [])[0];
  return new UnavailableError(
    `No Docker daemon answers, and Maven could not fetch Kafka ${KAFKA_VERSION}: ${said ?? String(error)} ` +
      'Check the network and the settings.xml of Maven, or name a running broker in KAFKA_BROKERS.',
  );
}

/** Undefined when this user has no home. */
function userCache(): string | undefined {
  try {
    return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'skald');
  } catch {
    return undefined;
  }
}

async function isWritable(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function removeStalePartials(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const pid = /^partial-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await removeFolder(join(cache, name)).catch(() => {});
  }
}
