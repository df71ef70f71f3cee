import type { BenchSystem } from '../system.js';

/** Hands over a system once it is up, and remembers to end it. */
type Start = (starting: Promise<BenchSystem>) => Promise<BenchSystem>;

/** Ends every system that was started, however the work ends. */
export async function withSystems<T>(work: (start: Start) => Promise<T>): Promise<T> {
  const systems: BenchSystem[] = [];
  try {
    return await work(async (starting) => {
      const system = await starting;
      systems.push(system);
      return system;
    });
  } finally {
    await Promise.all(systems.map((system) => system.stop()));
  }
}
