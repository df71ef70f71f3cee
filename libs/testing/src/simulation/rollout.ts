import type { DefinitionRegistry } from '@skald/runtime';
import type { EventLoop } from './event-loop.js';
import type { Faults } from './faults.js';
import type { KeyedRandom } from './keyed-random.js';
import type { Process } from './process.js';

export interface RolloutOptions {
  readonly loop: EventLoop;
  readonly faults: Faults;
  readonly random: KeyedRandom;
  readonly newer: DefinitionRegistry;
  readonly older: DefinitionRegistry | undefined;
  readonly processOf: (slot: number) => Process | undefined;
}

/** Until then each process that began as the older build is replaced. */
const LONGEST_MS = 60_000;
/** A process that is not there to be replaced is looked at again so much later. */
const PAUSE_MS = 1_000;
/** Once it is there for so long, all others know what it knows. */
const KNOWN_MS = 10_000;

/** Puts processes of a newer build in the place of an older one, one by one, while sagas run. */
export class Rollout {
  /** How many processes are still to be replaced. */
  underway = 0;
  private readonly oldUntil = new Map<number, number>();
  private readonly joinedAt = new Map<number, number>();

  constructor(private readonly options: RolloutOptions) {}

  /** Decides whether the process begins as the older build, and until when. */
  plan(slot: number): void {
    const { loop, faults, random, older } = this.options;
    const name = `process ${slot + 1}`;
    if (older === undefined || !faults.strikes('two builds', name)) return;
    const forMs = random.between(1_000, LONGEST_MS, `old build in ${name}`);
    this.oldUntil.set(slot, loop.now() + forMs);
    this.underway += 1;
    loop.plan(forMs, () => this.replace(slot), true);
  }

  /** What a process knows that begins now. */
  definitionsFor(slot: number): DefinitionRegistry {
    const { loop, newer, older } = this.options;
    const isOld = loop.now() < (this.oldUntil.get(slot) ?? 0);
    return (isOld ? older : undefined) ?? newer;
  }

  joined(slot: number, { definitions }: Process): void {
    if (definitions === this.options.newer) this.joinedAt.set(slot, this.options.loop.now());
    else this.joinedAt.delete(slot);
  }

  /** Whether a process of the newer build lives, and has had the time to say so. */
  isNewerThere(): boolean {
    const { loop, processOf } = this.options;
    for (const [slot, joinedAt] of this.joinedAt) {
      if (processOf(slot)?.isAlive === true && joinedAt <= loop.now() - KNOWN_MS) return true;
    }
    return false;
  }

  private replace(slot: number): void {
    const { loop, newer, processOf } = this.options;
    const process = processOf(slot);
    if (process?.definitions === newer) {
      this.underway -= 1;
      return;
    }
    process?.kill();
    loop.plan(PAUSE_MS, () => this.replace(slot), true);
  }
}
