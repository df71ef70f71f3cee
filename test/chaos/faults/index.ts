import type { KeyedRandom } from '@skald/testing';
import { endedBackends } from './ended-backends.js';
import type { Fault } from './fault.js';
import { kill } from './kill.js';
import { kafkaOutage, postgresOutage } from './outage.js';
import { pause } from './pause.js';

export type { Fault, Struck } from './fault.js';

/** Their shares make a hundred. */
const FAULTS: readonly Fault[] = [kill, pause, kafkaOutage, postgresOutage, endedBackends];
/** 34 in six minutes. */
const EVERY_MS = 10_000;
/** Until the processes are warm, and for the last one to be seen. */
const QUIET_MS = 15_000;

export interface PlannedFault {
  readonly number: number;
  /** Milliseconds from the beginning. */
  readonly at: number;
  readonly fault: Fault;
}

/** The same seed gives the same plan: each fault as often as its share says, in an order and at times by the seed. */
export function planFaults(random: KeyedRandom, runMs: number): PlannedFault[] {
  const count = Math.max(0, Math.floor((runMs - 2 * QUIET_MS) / EVERY_MS) + 1);
  const kinds = FAULTS.flatMap((fault) =>
    Array.from({ length: Math.round((count * fault.share) / 100) }, () => fault),
  );
  const mixed = kinds
    .map((fault, index) => ({ fault, rank: random.number(`rank ${index}`) }))
    .toSorted((a, b) => a.rank - b.rank);
  return mixed.map(({ fault }, index) => ({
    number: index + 1,
    at: QUIET_MS + index * EVERY_MS + random.between(0, EVERY_MS / 2, `time ${index}`),
    fault,
  }));
}
