import type { CommandContract, Message, RejectionOf } from '@skald/core';
import { BaseRpcContext } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { CommandRejectedException } from './command-rejected.exception.js';

/** What a handler knows of its command beside the payload. */
export class CommandContext<C extends CommandContract = CommandContract> extends BaseRpcContext<[Message]> {
  /** Set when the handler, a pipe or a guard threw; the strategy tells the orchestrator its message. */
  failure: unknown;

  constructor(
    private readonly command: Message,
    /**
     * The transaction that also holds the barrier row. What is changed through it takes effect exactly once, however
     * often the command arrives.
     */
    readonly transaction: EntityManager,
  ) {
    super([command]);
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

  /** When the orchestrator stops waiting for this attempt. */
  get deadline(): Date | undefined {
    return this.command.deadline === undefined ? undefined : new Date(this.command.deadline);
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
