import { readdir, readFile } from 'node:fs/promises';

const TICKS_PER_SECOND = 100;

export interface ProcStat {
  readonly pid: number;
  readonly parent: number;
  /** Its own, and that of its children that have ended, in milliseconds. */
  readonly cpuMs: number;
}

/** What /proc tells of a process and of each of its children; empty where there is none. */
export async function withChildren(pid: number): Promise<ProcStat[]> {
  const root = await readStat(pid);
  if (root === undefined) return [];
  const found = [root];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readStat(Number(entry));
    if (stat?.parent === pid) found.push(stat);
  }
  return found;
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
async function readStat(pid: number): Promise<ProcStat | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name, in parentheses, may hold anything.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent = 0] = fields.slice(1);
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
  return { pid, parent, cpuMs: (ticks * 1_000) / TICKS_PER_SECOND };
}
