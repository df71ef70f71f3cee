import { readFile } from 'node:fs/promises';
import { withChildren } from './proc-stat.js';

/**
 * Memory of a process and its children, in bytes: what they share counts once. Where the system does not tell what is
 * shared, that of the process alone; nothing where there is no /proc.
 */
export async function residentMemory(pid: number): Promise<number | undefined> {
  const all = await withChildren(pid);
  const parts = await Promise.all(all.map((one) => kilobytes(`/proc/${one.pid}/smaps_rollup`, 'Pss')));
  // A child may have ended meanwhile.
  if (parts[0] !== undefined) return 1_024 * parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
  const own = await kilobytes(`/proc/${pid}/status`, 'VmRSS');
  return own === undefined ? undefined : own * 1_024;
}

/** @see https://docs.kernel.org/filesystems/proc.html */
async function kilobytes(file: string, field: string): Promise<number | undefined> {
  try {
    const text = await readFile(file, 'utf8');
    const [, value] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text) ?? [];
    return value === undefined ? undefined : Number(value);
  } catch {
    return undefined;
  }
}
