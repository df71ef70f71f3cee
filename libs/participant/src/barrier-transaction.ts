import { lendConnection, type LendOptions, type LentConnection } from '@skald/postgres';
import { messageOf, StoreUnavailableError, textColumn } from '@skald/ports';
import type { PoolClient, QueryConfig } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import {
  type BarrierCommand,
  BarrierLedger,
  type BarrierRow,
  type FinalOutcome,
  type KnownRow,
} from './barrier-ledger.js';
import { cancelStatement } from './cancel-statement.js';
import { handedOver } from './handed-over.js';
import { Savepoint } from './savepoint.js';
import { claimRows } from './sql/claim-rows.js';
import { giveBackRows } from './sql/give-back-rows.js';
import { keepReplies } from './sql/keep-replies.js';
import { storedReplies } from './sql/stored-replies.js';
import { isOfTheEnvironment } from './sql-fault.js';
import { textOf } from './written-outcome.js';

interface StoredRow {
  readonly command_id: string;
  readonly reply: FinalOutcome | null;
  readonly digest: string | null;
}

/** The handler's own failure, as opposed to a database that does not answer. */
export class HandlerFailedError extends Error {
  constructor(override readonly cause: unknown) {
    super('the handler failed');
  }
}

/** The connection went while a command was in hand. PostgreSQL has rolled back by itself, or will. */
export class DatabaseLostError extends StoreUnavailableError {
  constructor(cause: unknown) {
    super(`the database went away while a command was in hand: ${messageOf(cause)}`, { cause });
  }
}

/** A connection, for one transaction in which commands pass the barrier. To be released by whoever made it. */
export class BarrierTransaction {
  /** What of it the handler in hand has done can be undone alone. */
  readonly savepoint: Savepoint;
  private readonly runner: QueryRunner;
  private connection: LentConnection | undefined;

  constructor(
    dataSource: DataSource,
    private readonly options: LendOptions = {},
  ) {
    this.runner = dataSource.createQueryRunner();
    this.savepoint = new Savepoint(this.runner, (statement) => this.say(statement));
  }

  /** What handlers change goes through this. */
  get manager(): EntityManager {
    return this.runner.manager;
  }

  /** Takes the rows of the commands, and reads what was stored where others took them before. */
  async begin(
    commands: readonly BarrierCommand[],
    known: ReadonlyMap<string, KnownRow>,
  ): Promise<BarrierLedger> {
    const ledger = new BarrierLedger(commands, known);
    const { claims } = ledger;
    const { client, limits } = await this.lent();
    const start = (): Promise<void> => this.runner.startTransaction();
    const { answered } = await handedOver(client, start, limits);
    if (client.pipeline && this.runner.dataSource.options.isolationLevel === undefined) {
      // What a compensation or a probe asks about is there most of the time.
      const asked = claims.filter(({ reply }) => reply !== null).map(({ id }) => id);
      const [fresh, stored] = await Promise.all([this.claim(claims), this.repliesOf(asked)]);
      await answered;
      await this.learn(ledger, fresh, stored);
    } else {
      await answered;
      await this.learn(ledger, await this.claim(claims));
    }
    return ledger;
  }

  /** Tells the ledger which rows are new, and what is stored in the others. */
  private async learn(
    ledger: BarrierLedger,
    fresh: ReadonlySet<string>,
    stored: ReadonlyMap<string, KnownRow> = new Map(),
  ): Promise<void> {
    ledger.learn(stored);
    const missing = ledger.claimed(fresh).filter((id) => !stored.has(id));
    ledger.learn(await this.repliesOf(missing));
  }

  /**
   * Writes what the ledger says and commits.
   *
   * @throws HandlerFailedError when what a handler did cannot be committed
   */
  async commit(ledger: BarrierLedger, beforeCommit?: () => Promise<void>): Promise<void> {
    try {
      const client = await this.client();
      const statements = keeping(ledger);
      if (client.pipeline && beforeCommit === undefined) {
        // Behind a statement that failed, the commit is none any more.
        const kept = statements.map((statement) => client.query(statement));
        await Promise.all([...kept, this.runner.commitTransaction()]);
        return;
      }
      for (const statement of statements) await client.query(statement);
      await beforeCommit?.();
      await this.runner.commitTransaction();
    } catch (error) {
      throw isOfTheEnvironment(error) ? error : new HandlerFailedError(error);
    }
  }

  async rollback(): Promise<void> {
    if (this.runner.isTransactionActive) await this.runner.rollbackTransaction();
  }

  /**
   * Rolls back because of an error. That tells whose failure it was: when it cannot be done, the connection is gone, and
   * whatever the handler threw or made of it says nothing about the handler.
   *
   * @throws DatabaseLostError
   */
  async rollbackAfter(reason: unknown): Promise<void> {
    try {
      await this.rollback();
    } catch {
      throw new DatabaseLostError(reason instanceof HandlerFailedError ? reason.cause : reason);
    }
  }

  async release(): Promise<void> {
    this.connection?.giveBack();
    await this.runner.release();
  }

  /**
   * Ends the connection under whoever may still be using it: what they say from now on fails, and what they did is rolled
   * back. A statement that is running is cancelled, since PostgreSQL would see only after it that nobody listens.
   */
  async discard(): Promise<void> {
    const client = await this.client();
    client.end().catch(() => undefined);
    cancelStatement(client);
    await this.release();
  }

  /** @returns the ids whose rows are new */
  async claim(rows: readonly BarrierRow[]): Promise<ReadonlySet<string>> {
    if (rows.length === 0) return new Set();
    const client = await this.client();
    const result = await client.query<{ command_id: string }>({
      ...claimRows,
      values: [...columnsOf(rows), fingerprintsOf(rows)],
    });
    return new Set(result.rows.map((row) => row.command_id));
  }

  async repliesOf(ids: readonly string[]): Promise<Map<string, KnownRow>> {
    if (ids.length === 0) return new Map();
    const client = await this.client();
    const { rows } = await client.query<StoredRow>({
      ...storedReplies,
      values: [ids],
    });
    return new Map(
      rows.map(({ command_id: id, reply, digest }) => {
        if (reply === null) throw new Error(`the barrier row of ${id} holds no reply`);
        return [id, { reply, fingerprint: digest }];
      }),
    );
  }

  private async say(statement: string): Promise<void> {
    const client = await this.client();
    await client.query(statement);
  }

  private async client(): Promise<PoolClient> {
    return (await this.lent()).client;
  }

  private async lent(): Promise<LentConnection> {
    return (this.connection ??= await lendConnection(this.runner, this.options));
  }
}

/** The statements that leave the rows as the ledger says. */
function keeping({ kept, givenBack }: BarrierLedger): QueryConfig[] {
  const statements: QueryConfig[] = [];
  if (kept.length > 0) statements.push({ ...keepReplies, values: columnsOf(kept) });
  if (givenBack.length > 0) statements.push({ ...giveBackRows, values: [givenBack] });
  return statements;
}

function columnsOf(rows: readonly BarrierRow[]): [string, string, string] {
  return [
    textColumn(rows.map(({ id }) => id)),
    textColumn(rows.map(({ state }) => state)),
    textColumn(rows.map(({ reply }) => reply && textOf(reply))),
  ];
}

function fingerprintsOf(rows: readonly BarrierRow[]): string {
  return textColumn(rows.map(({ fingerprint }) => fingerprint));
}
