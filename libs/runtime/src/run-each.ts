import type { SagaInstance } from '@skald/core';
import { type InstanceKey, isEnvironments, runApart, StoreTooSlowError, type StoreTurn } from '@skald/ports';
import type { DecidedTurn } from './turn.js';
import type { TurnRunner } from './turn-runner.js';

/** A job that does the same to many instances. */
export interface EachJob {
  /** Locks and reads them. Gets the rows of the outbox that this turn settles. */
  readonly load: (turn: StoreTurn, arrived: readonly string[]) => Promise<SagaInstance[]>;
  readonly act: (decided: DecidedTurn, instance: SagaInstance) => void;
  /** Says what becomes of an instance for which that fails by itself. */
  readonly alone: (key: InstanceKey, error: unknown) => Promise<void>;
}

/**
 * Acts on many instances in one turn. Where that fails, the instances at fault are found, and all others are acted on.
 *
 * @returns how many were loaded, and how many of them failed by themselves
 * @throws StoreUnavailableError, ConcurrentChangeError
 */
export async function runEach(
  runner: TurnRunner,
  { load, act, alone }: EachJob,
): Promise<{ readonly count: number; readonly faulty: number }> {
  let keys: InstanceKey[] = [];
  const run = (read: EachJob['load']): Promise<void> =>
    runner.run(
      async (turn, arrived) => ({ instances: await read(turn, arrived) }),
      (decided, { instances }) => {
        for (const instance of instances) act(decided, instance);
      },
    );
  try {
    await run(async (turn, arrived) => {
      const instances = await load(turn, arrived);
      keys = instances.map(({ namespace, id }) => ({ namespace, id }));
      return instances;
    });
    return { count: keys.length, faulty: 0 };
  } catch (error) {
    const isOver = isEnvironments(error) && !(error instanceof StoreTooSlowError);
    if (isOver || keys.length === 0) throw error;
    let faulty = 0;
    const outcomes = await runApart<InstanceKey, InstanceKey>(keys, error, {
      run: async (part) => {
        await run((turn) => turn.lock(part));
        return part;
      },
      alone: async (key, own) => {
        faulty += 1;
        await alone(key, own);
        return key;
      },
      isWell: () => runner.isStoreWell(),
    });
    const failed = outcomes.find((outcome) => outcome.kind === 'failed');
    if (failed?.kind === 'failed') throw failed.error;
    return { count: keys.length, faulty };
  }
}
