import { type CommandContract, type Message, type RejectionOf, SkaldError } from '@skald/core';
import { BaseRpcContext } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { CommandRejectedException } from './command-rejected.exception.js';
import { attemptMs, type HandlerTimedOutError } from './time-limit.js';

/** A handler that runs without a transaction has asked for one. */
export class NoTransactionError extends SkaldError {
  readonly code = 'no_transaction';

  constructor(type: string) {
    super(
      `The handler of '${type}' runs without a transaction. Give ParticipantModule a dataSource and the handler ` +
        "{ transaction: 'own' } or 'shared', or make it do without: call the outside with ctx.commandId as its idempotency key.",
    );
  }
}

/** What a handler knows of its command beside the payload. */
export class CommandContext<C extends CommandContract = CommandContract> extends BaseRpcContext<[Message]> {
  /** Set when the handler, a pipe or a guard threw; the strategy tells the orchestrator its message. */
  failure: unknown;
  private readonly takenAt = Date.now();
  private aborting: AbortController | undefined;

  constructor(
    private readonly command: Message,
    private readonly manager: EntityManager | undefined,
    private readonly now: () => number = Date.now,
  ) {
    super([command]);
  }

  /**
   * The transaction that also holds the barrier row. What is changed through it takes effect exactly once, however
   * often the command arrives.
   *
   * @throws NoTransactionError in a handler of the form `transaction: 'none'`
   */
  get transaction(): EntityManager {
    if (this.manager === undefined) throw new NoTransactionError(this.command.type);
    return this.manager;
  }

  /** @internal True when the connection of the transaction went away. */
  get hasLostConnection(): boolean {
    return this.manager?.queryRunner?.isReleased === true;
  }

  /** The same on every attempt: the idempotency key for calls to the outside. */
  get commandId(): string {
    return this.command.id;
  }

  get namespace(): string {
    return this.command.namespace;
  }

  get sagaId(): string {
    return this.command.sagaid;
  }

  get step(): string | undefined {
    return this.command.step;
  }

  /** From 1. */
  get attempt(): number {
    return this.command.attempt ?? 1;
  }

  /**
   * When the orchestrator stops waiting: the end of this attempt's time, counted from when it was taken up, or the deadline
   * of the saga if that is earlier. By the clock of this process, however wrong that is: `ctx.deadline.getTime() - Date.now()`
   * is what is left. How much of the saga's time is left, the clock of the participant's database decides where there is one.
   */
  get deadline(): Date {
    const { deadline } = this.command;
    const attempt = this.takenAt + attemptMs(this.command);
    if (deadline === undefined) return new Date(attempt);
    return new Date(Math.min(attempt, Date.parse(deadline) + Date.now() - this.now()));
  }

  /**
   * Aborted when the handler is past its time limit: the command has failed by then, its transaction is gone, and whatever the
   * handler still does changes nothing. Hand it to `fetch` and the like. Its reason has the code `handler_timed_out`.
   */
  get signal(): AbortSignal {
    return (this.aborting ??= new AbortController()).signal;
  }

  /** @internal Also for a handler that asks for the signal only afterwards. */
  abort(reason: HandlerTimedOutError): void {
    (this.aborting ??= new AbortController()).abort(reason);
  }

  /** On a probe: the id of the command that it asks about, which was that command's idempotency key. */
  get probes(): string | undefined {
    return this.command.probes;
  }

  /** On a compensation: the id of the command that it undoes. */
  get compensates(): string | undefined {
    return this.command.compensates;
  }

  /**
   * Says a business no: what the handler changed is rolled back, the command is not tried again, and the saga turns
   * back.
   *
   * @param code one that the contract lists
   * @param message for people; it goes into the saga's history, so no personal data
   */
  reject(code: RejectionOf<C>, message = ''): never {
    throw new CommandRejectedException(code, message);
  }
}
