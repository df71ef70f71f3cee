import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyedRandom } from '@skald/testing';
import type { Cluster } from './cluster.js';
import { planFaults, type PlannedFault } from './faults/index.js';
import type { Load } from './load.js';

/** A fault as it came about. Times are milliseconds from the beginning of the load. */
export interface PastFault {
  readonly number: number;
  readonly name: string;
  readonly what: string;
  readonly from: number;
  readonly to: number;
}

const ASK_AGAIN_MS = 250;

/** Lets the planned faults strike, each at its time; resolves when the last one is over. */
export async function storm(
  cluster: Cluster,
  load: Load,
  random: KeyedRandom,
  runMs: number,
  say: (line: string) => void,
): Promise<PastFault[]> {
  const strikes: Promise<PastFault | undefined>[] = [];
  for (const planned of planFaults(random.inside('plan'), runMs)) {
    await sleep(Math.max(0, planned.at - load.now));
    strikes.push(strike(planned));
  }
  const past = await Promise.all(strikes);
  return past.filter((one) => one !== undefined);

  async function strike({ number, fault }: PlannedFault): Promise<PastFault | undefined> {
    const from = load.now;
    let struck = await fault.strike(cluster, random.inside(`fault ${number}`));
    // What it would hit may be in the hand of another fault.
    while (struck === undefined && load.now < runMs) {
      await sleep(ASK_AGAIN_MS);
      struck = await fault.strike(cluster, random.inside(`fault ${number}`));
    }
    if (struck === undefined) return undefined;
    say(`fault ${number}: ${fault.name}, ${struck.what}`);
    await struck.over;
    const to = load.now;
    say(`fault ${number} is over after ${((to - from) / 1_000).toFixed(1)} s`);
    return { number, name: fault.name, what: struck.what, from, to };
  }
}
