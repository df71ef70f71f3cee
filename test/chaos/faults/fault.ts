import type { KeyedRandom } from '@skald/testing';
import type { Cluster } from '../cluster.js';

/** A fault that has struck. */
export interface Struck {
  /** What it has hit, for people. */
  readonly what: string;
  /** Resolves when the fault is over, and recovery may begin: the killed is started, the paused goes on. */
  readonly over: Promise<void>;
}

export interface Fault {
  readonly name: string;
  /** How many of a hundred faults are of this kind. */
  readonly share: number;
  /** @returns undefined when there is nothing now that it could hit */
  strike(cluster: Cluster, random: KeyedRandom): Promise<Struck | undefined>;
}
