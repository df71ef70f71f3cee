import { isEnded, type SagaInstance } from '@skald/core';
import type { Clock, StoreTurn } from '@skald/ports';
import type { FaultyWork } from './faulty-work.js';
import { owingOf, parentsOf } from './held-back.js';
import { runEach } from './run-each.js';
import type { TurnRunner } from './turn-runner.js';

const BATCH = 200;
const NEXT_MS = 100;
/** What is owed is long where some of it stays: it is not looked through more often. */
const OWING_MS = 1_000;

export interface RetentionOptions {
  readonly namespace: string;
  readonly clock: Clock;
  readonly runner: TurnRunner;
  readonly faulty: FaultyWork;
  readonly retentionMs: number | undefined;
}

/** A stretch of time. Ended instances are looked for in one after the other. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

/**
 * Removes instances that ended longer ago than the namespace keeps them. A child saga stays as long as its parent does,
 * which may still compensate it: once gone it would seem never to have been. An instance stays as long as a message of it
 * is owed, which is derived from it.
 *
 * Those that stay must not hide the others: where a stretch of time holds nothing else, it is halved, and the walk goes on
 * behind it.
 */
export class Retention {
  private stretch: Stretch | undefined;

  constructor(private readonly options: RetentionOptions) {}

  /** Returns how many milliseconds later to run again. */
  async sweep(): Promise<number> {
    const { namespace, clock, runner, faulty, retentionMs } = this.options;
    if (retentionMs === undefined) return 3_600_000;
    const horizon = clock.now() - retentionMs;
    const stretch = this.stretch ?? { from: 0, to: horizon, limit: BATCH };
    let found = 0;
    let isOwing = false;
    const removed = await runEach(runner, {
      load: async (turn) => {
        const ended = await turn.lockEnded(namespace, stretch.from, stretch.to, stretch.limit);
        found = ended.length;
        const orphans = await withoutParent(turn, ended);
        const owing = await owingOf(turn, namespace, orphans);
        isOwing = owing.size > 0;
        return orphans.filter((instance) => !owing.has(instance));
      },
      act: (decided, instance) => {
        if (isEnded(instance.status)) decided.remove(instance);
      },
      alone: async (key, error) => faulty.tell(key, `saga '${key.id}' cannot be removed`, error),
    });
    this.stretch = nextStretch(stretch, horizon, found, removed.count - removed.faulty);
    if (this.stretch === undefined) return Math.min(60_000, Math.max(1_000, retentionMs / 10));
    return isOwing ? OWING_MS : NEXT_MS;
  }
}

/** @returns nothing when the walk is over */
function nextStretch(stretch: Stretch, horizon: number, found: number, removed: number): Stretch | undefined {
  const { from, to, limit } = stretch;
  if (found === limit) {
    // There may be more in it.
    if (removed > 0) return stretch;
    const middle = Math.floor((from + to) / 2);
    return middle > from ? { from, to: middle, limit } : { from, to, limit: 2 * limit };
  }
  return to >= horizon ? undefined : { from: to, to: Math.min(horizon, to + 2 * (to - from)), limit: BATCH };
}

async function withoutParent(turn: StoreTurn, ended: readonly SagaInstance[]): Promise<SagaInstance[]> {
  const parents = await parentsOf(turn, ended);
  return ended.filter((instance) => !parents.has(instance));
}
