import { type LendOptions, storeError } from '@skald/postgres';
import type { DataSource, EntityManager } from 'typeorm';
import {
  answerFrom,
  type BarrierCommand,
  type BarrierLedger,
  type FinalOutcome,
  IdTakenError,
  type KnownRow,
} from './barrier-ledger.js';
import { BarrierTransaction, HandlerFailedError } from './barrier-transaction.js';
import { isContention, throughContention } from './contention.js';
import { HandlerTimedOutError } from './time-limit.js';

/** What runs inside the transaction, unless the barrier answers for it. */
export type Handle<C extends BarrierCommand> = (
  transaction: EntityManager,
  command: C,
) => Promise<FinalOutcome>;

/** What became of one of several commands: its outcome, that its handler failed and it may come again, or that it is not what took its id. */
export type Passed = FinalOutcome | HandlerFailedError | IdTakenError;

/**
 * One of several commands that share a transaction is past its limit. Its handler may still use the connection, so nothing
 * of the others was kept either.
 */
export class NeighbourTimedOutError extends Error {
  constructor(
    readonly command: BarrierCommand,
    readonly failure: HandlerFailedError,
  ) {
    super('a handler in the same transaction is past its time limit');
  }
}

export interface PassOptions {
  /** Called when effects and replies are written and not yet committed. */
  readonly beforeCommit?: (() => Promise<void>) | undefined;
  /** What `stored` has said before. */
  readonly known?: ReadonlyMap<string, KnownRow>;
}

/**
 * Guards a participant against duplicate, empty and late commands.
 *
 * All of it hangs on one unique key. Whoever inserts the row of a command handles it; whoever finds the row gives its
 * stored reply again (duplicate). A compensation first inserts the row of its action: if that succeeds, the action
 * never happened, so there is nothing to undo (empty) and the row stays to stop the action should it still come
 * (late). A probe does the same and says what it found, so that its "did not happen" stays true. Insert, business change and reply commit together, and a second worker's insert waits for that commit.
 *
 * @see the sub-transaction barrier of dtm, https://en.dtm.pub/practice/barrier.html
 */
export class Barrier {
  constructor(
    private readonly dataSource: DataSource,
    private readonly options: LendOptions = {},
  ) {}

  /** The stored replies of those of the commands, and of the commands that they undo or ask about, that were handled before. */
  async stored(commands: readonly BarrierCommand[]): Promise<ReadonlyMap<string, KnownRow>> {
    const ids = commands.flatMap(({ id, compensates, probes }) =>
      [id, compensates, probes].filter((one) => one !== undefined),
    );
    const connection = new BarrierTransaction(this.dataSource, this.options);
    try {
      return await connection.repliesOf(ids);
    } catch (error) {
      throw storeError(error);
    } finally {
      await connection.release();
    }
  }

  /**
   * Handles a command at most once in effect, in a transaction of its own; in a new one, for up to 15 s, while others are in its
   * way: after a deadlock, or when a lock is not to be had.
   *
   * @throws HandlerFailedError when the handler threw, or when what it did cannot be committed; IdTakenError when another
   *   command came with its id; any other error is the database's, and the command may come again
   */
  pass<C extends BarrierCommand>(
    command: C,
    handle: Handle<C>,
    options: PassOptions = {},
  ): Promise<FinalOutcome> {
    return throughContention(() => this.passOnce(command, handle, options));
  }

  private passOnce<C extends BarrierCommand>(
    command: C,
    handle: Handle<C>,
    options: PassOptions,
  ): Promise<FinalOutcome> {
    return this.transact([command], options, async (transaction, ledger, commit) => {
      const answer = ledger.answerTo(command);
      if (answer instanceof IdTakenError) throw answer;
      const outcome = answer ?? (await run(transaction, handle, command));
      if (answer === undefined && outcome.kind === 'rejected') {
        // What the handler changed is rolled back; its no is kept, unless another worker was faster.
        await transaction.rollback();
        const { id, fingerprint = null } = command;
        const fresh = await transaction.claim([{ id, state: 'handled', reply: outcome, fingerprint }]);
        return fresh.size > 0 ? outcome : storedReply(command, await transaction.repliesOf([id]));
      }
      if (answer === undefined) ledger.decide(command, outcome);
      await commit(answer === undefined);
      return outcome;
    });
  }

  /**
   * Handles several commands one after the other in one transaction, each at most once in effect. Of a command that is
   * refused or fails, the effect alone is rolled back, to a savepoint.
   *
   * @returns what became of each, in their order
   * @throws HandlerFailedError when what they did cannot be committed together: pass them one by one to learn which it
   *   is; NeighbourTimedOutError when one of them did not end in time: pass the others again; any other error is the
   *   database's, and the commands may come again
   */
  passAll<C extends BarrierCommand>(
    commands: readonly C[],
    handle: Handle<C>,
    options: PassOptions = {},
  ): Promise<Passed[]> {
    return this.transact(commands, options, async (transaction, ledger, commit) => {
      const all: Passed[] = [];
      let ran = 0;
      for (const command of commands) {
        const answer = ledger.answerTo(command);
        if (answer === undefined) ran += 1;
        all.push(answer ?? (await runAtSavepoint(transaction, ledger, handle, command)));
      }
      await commit(ran > 0);
      return all;
    });
  }

  private async transact<T>(
    commands: readonly BarrierCommand[],
    { beforeCommit, known = new Map() }: PassOptions,
    work: (
      transaction: BarrierTransaction,
      ledger: BarrierLedger,
      commit: (hasEffects: boolean) => Promise<void>,
    ) => Promise<T>,
  ): Promise<T> {
    const transaction = new BarrierTransaction(this.dataSource, this.options);
    try {
      const ledger = await transaction.begin(commands, known);
      return await work(transaction, ledger, (hasEffects) =>
        transaction.commit(ledger, hasEffects ? beforeCommit : undefined),
      );
    } catch (error) {
      if (isTimedOut(error)) await transaction.discard();
      else await transaction.rollbackAfter(error);
      throw isOfACommand(error) ? error : storeError(error);
    } finally {
      await transaction.release();
    }
  }
}

/** What says nothing about the database. */
function isOfACommand(error: unknown): boolean {
  return (
    error instanceof HandlerFailedError ||
    error instanceof NeighbourTimedOutError ||
    error instanceof IdTakenError
  );
}

/** Whoever is past the limit may still be using the connection. */
function isTimedOut(error: unknown): boolean {
  if (error instanceof NeighbourTimedOutError) return true;
  return error instanceof HandlerFailedError && error.cause instanceof HandlerTimedOutError;
}

async function run<C extends BarrierCommand>(
  transaction: BarrierTransaction,
  handle: Handle<C>,
  command: C,
): Promise<FinalOutcome> {
  try {
    return await handle(transaction.manager, command);
  } catch (error) {
    throw new HandlerFailedError(error);
  }
}

async function runAtSavepoint<C extends BarrierCommand>(
  transaction: BarrierTransaction,
  ledger: BarrierLedger,
  handle: Handle<C>,
  command: C,
): Promise<Passed> {
  const { savepoint } = transaction;
  let outcome: FinalOutcome;
  savepoint.watch();
  try {
    outcome = await handle(transaction.manager, command);
    // Fails when the handler went on after an error of PostgreSQL, in a transaction that can only be rolled back.
    if (outcome.kind === 'succeeded') await savepoint.advance();
  } catch (error) {
    const failure = new HandlerFailedError(error);
    // Each of them goes through it alone: another of the transaction may be what holds the lock.
    if (isContention(failure)) throw failure;
    if (isTimedOut(failure)) throw new NeighbourTimedOutError(command, failure);
    await savepoint.undo();
    ledger.fail(command.id);
    return failure;
  }
  if (outcome.kind === 'rejected') await savepoint.undo();
  ledger.decide(command, outcome);
  return outcome;
}

function storedReply(command: BarrierCommand, stored: ReadonlyMap<string, KnownRow>): FinalOutcome {
  const row = stored.get(command.id);
  if (row === undefined) throw new Error(`the barrier row of ${command.id} is gone`);
  const answer = answerFrom(row, command);
  if (answer instanceof IdTakenError) throw answer;
  return answer;
}
