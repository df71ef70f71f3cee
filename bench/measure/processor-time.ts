import { withChildren } from './proc-stat.js';

/** Processor time that a process and its children have used, in milliseconds; nothing where there is no /proc. */
export async function processorTime(pid: number): Promise<number | undefined> {
  const stats = await withChildren(pid);
  return stats.length === 0 ? undefined : stats.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}
