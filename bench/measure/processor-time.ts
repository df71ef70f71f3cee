import { readdir, readFile } from 'node:fs/promises';

const TICKS_PER_SECOND = 100;

interface Stat {
  readonly parent: number;
  /** Its own, and that of its children that have ended, in milliseconds. */
  readonly cpuMs: number;
}

/** Processor time that a process and its children have used, in milliseconds; nothing where there is no /proc. */
export async function processorTime(pid: number): Promise<number | undefined> {
  const root = await read(pid);
  if (root === undefined) return undefined;
  let cpuMs = root.cpuMs;
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await read(Number(entry));
    if (stat?.parent === pid) cpuMs += stat.cpuMs;
  }
  return cpuMs;
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
async function read(pid: number): Promise<Stat | undefined> {
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
  return { parent, cpuMs: (ticks * 1_000) / TICKS_PER_SECOND };
}
