import type { ReplyOutcome } from '@skald/core';
import { messageOf } from '@skald/runtime';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';

/** The outcomes that are kept. A failure is not: the command may be tried again. */
export type FinalOutcome = Exclude<ReplyOutcome, { kind: 'failed' }>;

export interface BarrierCommand {
  readonly id: string;
  /** On a compensation: the id of the command that it undoes. */
  readonly compensates?: string | undefined;
}

/** The handler's own failure, as opposed to a database that does not answer. */
export class HandlerFailedError extends Error {
  constructor(override readonly cause: unknown) {
    super('the handler failed');
  }
}

/** The connection went while a command was in hand. PostgreSQL has rolled back by itself, or will. */
export class DatabaseLostError extends Error {
  constructor(override readonly cause: unknown) {
    super(`the database went away while a command was in hand: ${messageOf(cause)}`);
  }
}

const BLOCKED: FinalOutcome = {
  kind: 'rejected',
  code: 'compensated_before',
  message: 'the compensation of this command came first',
};
const NOTHING_TO_UNDO: FinalOutcome = { kind: 'succeeded', data: null };

/**
 * Guards a participant against duplicate, empty and late commands.
 *
 * All of it hangs on one unique key. Whoever inserts the row of a command handles it; whoever finds the row gives its
 * stored reply again (duplicate). A compensation first inserts the row of its action: if that succeeds, the action
 * never happened, so there is nothing to undo (empty) and the row stays to stop the action should it still come
 * (late). Insert, business change and reply commit together, and a second worker's insert waits for that commit.
 *
 * @see the sub-transaction barrier of dtm, https://en.dtm.pub/practice/barrier.html
 */
export class Barrier {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Handles a command at most once in effect.
   *
   * @param handle runs inside the transaction, unless the barrier answers for it
   * @param beforeCommit called when the effect and the reply are written and not yet committed
   * @throws HandlerFailedError when the handler threw while the database was there; any other error is the database's,
   * and the command may come again
   */
  async pass(
    command: BarrierCommand,
    handle: (transaction: EntityManager) => Promise<FinalOutcome>,
    beforeCommit: () => Promise<void> = () => Promise.resolve(),
  ): Promise<FinalOutcome> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      const answer = await this.enter(runner, command);
      if (answer !== undefined) {
        await runner.commitTransaction();
        return answer;
      }
      const outcome = await this.run(runner, handle);
      if (outcome.kind === 'rejected') {
        await runner.rollbackTransaction();
        return await this.keepRejection(runner, command, outcome);
      }
      await runner.query('UPDATE skald_barrier SET reply = $2 WHERE command_id = $1', [
        command.id,
        JSON.stringify(outcome),
      ]);
      await beforeCommit();
      await runner.commitTransaction();
      return outcome;
    } catch (error) {
      await this.rollBack(runner, error);
      throw error;
    } finally {
      await runner.release();
    }
  }

  /**
   * The rollback tells whose failure it was: when it cannot be done, the connection is gone, and whatever the handler
   * threw or made of it says nothing about the handler.
   */
  private async rollBack(runner: QueryRunner, reason: unknown): Promise<void> {
    if (!runner.isTransactionActive) return;
    try {
      await runner.rollbackTransaction();
    } catch {
      throw new DatabaseLostError(reason instanceof HandlerFailedError ? reason.cause : reason);
    }
  }

  private async run(
    runner: QueryRunner,
    handle: (transaction: EntityManager) => Promise<FinalOutcome>,
  ): Promise<FinalOutcome> {
    try {
      return await handle(runner.manager);
    } catch (error) {
      throw new HandlerFailedError(error);
    }
  }

  /** Takes the command's row, or says what to answer in the handler's place. */
  private async enter(runner: QueryRunner, command: BarrierCommand): Promise<FinalOutcome | undefined> {
    const { id, compensates } = command;
    if (compensates !== undefined && (await insertRow(runner, compensates, 'blocked', BLOCKED))) {
      return (await insertRow(runner, id, 'handled', NOTHING_TO_UNDO))
        ? NOTHING_TO_UNDO
        : this.storedReply(runner, id);
    }
    if (!(await insertRow(runner, id, 'handled', null))) return this.storedReply(runner, id);
    if (compensates === undefined) return undefined;
    const action = await this.storedReply(runner, compensates);
    if (action.kind === 'succeeded') return undefined;
    // The action was refused, so it changed nothing.
    await runner.query('UPDATE skald_barrier SET reply = $2 WHERE command_id = $1', [
      id,
      JSON.stringify(NOTHING_TO_UNDO),
    ]);
    return NOTHING_TO_UNDO;
  }

  /** The handler's changes are rolled back; its no is kept, unless another worker was faster. */
  private async keepRejection(
    runner: QueryRunner,
    command: BarrierCommand,
    outcome: FinalOutcome,
  ): Promise<FinalOutcome> {
    return (await insertRow(runner, command.id, 'handled', outcome))
      ? outcome
      : this.storedReply(runner, command.id);
  }

  private async storedReply(runner: QueryRunner, id: string): Promise<FinalOutcome> {
    const rows: { reply: FinalOutcome | null }[] = await runner.query(
      'SELECT reply FROM skald_barrier WHERE command_id = $1',
      [id],
    );
    const reply = rows[0]?.reply;
    if (!reply) throw new Error(`the barrier row of ${id} holds no reply`);
    return reply;
  }
}

/** True when the row is new. Waits for a transaction that is inserting the same row, and sees how it ended. */
async function insertRow(
  runner: QueryRunner,
  id: string,
  state: 'handled' | 'blocked',
  reply: FinalOutcome | null,
): Promise<boolean> {
  const rows: unknown[] = await runner.query(
    `INSERT INTO skald_barrier (command_id, state, reply) VALUES ($1, $2, $3)
         ON CONFLICT (command_id) DO NOTHING RETURNING 1`,
    [id, state, reply && JSON.stringify(reply)],
  );
  return rows.length > 0;
}
