import { type CommandContract, type Message, type RejectionOf, SkaldError } from '@skald/core';
import { BaseRpcContext } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { CommandRejectedException } from './command-rejected.exception.js';

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

  constructor(
    private readonly command: Message,
    private readonly manager: EntityManager | undefined,
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

  /** When the saga is turned back whatever happens; absent where it has no deadline, or it no longer counts. */
  get deadline(): Date | undefined {
    return this.command.deadline === undefined ? undefined : new Date(this.command.deadline);
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
