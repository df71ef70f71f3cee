import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const NAME = /^skald-infra-(\d+)-/;

/**
 * A fresh folder for one run, `skald-infra-<pid of this process>-…`. Others may pass through it, not read it: when
 * we are root, PostgreSQL runs as another user. What runs left behind that died together with their keeper is
 * cleared away first.
 */
export async function createRunFolder(): Promise<string> {
  const base = await runFoldersBase();
  await removeStaleRuns(base);
  const folder = await mkdtemp(join(base, `skald-infra-${process.pid}-`));
  await chmod(folder, 0o711);
  return folder;
}

/** Deletes a folder into which a dying process may still be writing. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'; // it does, and is not ours
  }
}

/** Whether other users may pass through the folder and all those above it. */
export async function isOpenToOthers(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  if ((mode & 0o001) === 0) return false;
  const parent = dirname(folder);
  return parent === folder || (await isOpenToOthers(parent));
}

/** The folder for temporary files; for root one that the user of PostgreSQL can reach. */
async function runFoldersBase(): Promise<string> {
  if (process.getuid?.() !== 0) return tmpdir();
  for (const candidate of [tmpdir(), '/tmp', '/var/tmp']) {
    if (await isOpenToOthers(candidate).catch(() => false)) return candidate;
  }
  return tmpdir();
}

/** When a run was killed together with its keeper, its folder stays, and perhaps the servers that use it. */
async function removeStaleRuns(base: string): Promise<void> {
  const stale = (await readdir(base))
    .filter((name) => {
      const pid = NAME.exec(name)?.[1];
      return pid !== undefined && !isAlive(Number(pid));
    })
    .map((name) => join(base, name));
  if (stale.length === 0) return;
  await killUsersOf(stale);
  // Another user's folder, or one that its keeper is deleting just now: not ours to clear away.
  await Promise.allSettled(stale.map(removeFolder));
}

/** Servers name their folder in their arguments; that tells them from a stranger that got the same pid. */
async function killUsersOf(folders: readonly string[]): Promise<void> {
  const list = await promisify(execFile)('ps', ['-ww', '-e', '-o', 'pid=,args=']).catch(() => ({
    stdout: '',
  }));
  for (const line of list.stdout.split('\n')) {
    const [, pid, args] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined || args === undefined) continue;
    if (!folders.some((folder) => args.includes(`${folder}/`) || args.endsWith(folder))) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended in the meantime, or is another user's.
    }
  }
}
