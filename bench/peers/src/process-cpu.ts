import { readdir, readFile } from 'node:fs/promises';

/** The user and system time that a process has used so far, in seconds. */
export type CpuMeter = () => Promise<number>;

/** Of /proc/<pid>/stat: the kernel counts in hundredths of a second there, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Of another program, from /proc; undefined where there is none. */
export async function programCpu(pid: number): Promise<CpuMeter | undefined> {
  if ((await statOf(pid)) === undefined) return undefined;
  return async () => (await statOf(pid))?.own ?? 0;
}

/** Of a program, its children, and those of its children that have ended. */
export async function programCpuWithChildren(pid: number): Promise<CpuMeter | undefined> {
  if ((await statOf(pid)) === undefined) return undefined;
  return async () => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    const stats = await Promise.all(pids.map((other) => statOf(other)));
    const children = stats.filter((stat) => stat?.parent === pid);
    const parent = stats[pids.indexOf(pid)];
    return children.reduce(
      (sum, child) => sum + (child?.own ?? 0),
      (parent?.own ?? 0) + (parent?.ended ?? 0),
    );
  };
}

/** The parent of a process on this machine that has this name; undefined when it is another one, or elsewhere. */
export async function parentOf(pid: number, name: string): Promise<number | undefined> {
  const stat = await statOf(pid);
  return stat?.name === name ? stat.parent : undefined;
}

interface Stat {
  readonly name: string;
  readonly parent: number;
  readonly own: number;
  /** Of its children that have ended. */
  readonly ended: number;
}

async function statOf(pid: number): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The name in parentheses may have spaces; behind it the state comes first, then the parent.
  const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const seconds = (...indexes: number[]): number =>
    indexes.reduce((sum, index) => sum + Number(fields[index]), 0) / TICKS_PER_SECOND;
  return { name, parent: Number(fields[1]), own: seconds(11, 12), ended: seconds(13, 14) };
}
