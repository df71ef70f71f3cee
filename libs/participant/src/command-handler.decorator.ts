import type { CommandContract, Duration, ProbeAnswer, ReplyOf, RequestOf } from '@skald/core';
import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { CommandContext } from './command-context.js';
import { FailureInterceptor } from './failure.interceptor.js';

/** Marks handlers as Skald's, so that other transports of a hybrid application leave them alone. */
export const SKALD_TRANSPORT = Symbol('skald');

/** Where a method keeps what its decorator was told; `servedContracts` finds it there. */
export const HANDLER_EXTRAS = Symbol('skald handler');

type Handler<C extends CommandContract> = (
  request: RequestOf<C>,
  context: CommandContext<C>,
) => ReplyOf<C> | Promise<ReplyOf<C>>;

/**
 * - `own`: a transaction for each command. Commands of different sagas run side by side, up to the participant's
 *   `concurrency`.
 * - `shared`: those of a batch run one after the other in few transactions, which is faster where the handler does
 *   little but change rows. When one is refused or fails, its own changes alone are rolled back. The handler must use
 *   `ctx.transaction` for all it does, and do nothing outside: what it did may be rolled back with its neighbours and
 *   done again. Its row locks last until the batch is done.
 * - `none`: no database, for a handler that calls an outside API. There is no barrier: it is called at least once, again
 *   for a duplicate, also after a no; at two replicas at the same time, too. Give the API `ctx.commandId` as its
 *   idempotency key, which is the same on every attempt. A compensation may come when its action never did, or still
 *   may: then undoing succeeds and changes nothing. An action that comes after its compensation is not held back. An
 *   action and its compensation must both be of this form, because no row tells the barrier that the action happened.
 */
export type HandlerTransaction = 'own' | 'shared' | 'none';

export interface HandlerOptions {
  /** Default: `own`, and `none` in a participant without a data source. */
  readonly transaction?: HandlerTransaction;
  /**
   * How long the handler may take. Past it the command has failed with the code `handler_timed_out`, its transaction is rolled
   * back, and `ctx.signal` is aborted. From 1 ms to 24 hours; longer than the step's timeout makes sense only where the
   * step is tried again anyway. Default: the participant's `timeLimit`, and without one what the orchestrator gives the
   * attempt.
   *
   * Each statement has a limit beside it, PostgreSQL's `statement_timeout`: 6 seconds with `connectionLimits()`, which takes
   * another. Past it the handler's statement throws, and unless the handler sees to that the command has failed with the
   * code `handler_failed`. One statement that needs longer: `SET LOCAL statement_timeout = '1min'` through `ctx.transaction`.
   */
  readonly timeLimit?: Duration;
}

/** What a handler's decorator leaves for the server to find. */
export interface HandlerExtras extends HandlerOptions {
  readonly contract: CommandContract;
  readonly isCompensation?: boolean;
  readonly isProbe?: boolean;
}

type HandlerDecorator<C extends CommandContract> = <M extends Handler<C>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

/**
 * Makes a controller's method handle a command. It gets the payload, checked against the contract's class, and the
 * `CommandContext`; it returns the reply. Guards, pipes, interceptors and filters work as on any Nest message handler.
 *
 * An error that it throws means "failed, try again"; `ctx.reject` means no.
 *
 * A probe needs a handler only where there is no barrier, see `ProbeHandler`: everywhere else the barrier knows whether the
 * command happened, answers by itself, and holds back a command that it said had not.
 */
export function CommandHandler<C extends CommandContract>(
  contract: C,
  options: HandlerOptions = {},
): HandlerDecorator<C> {
  return decorator({ ...options, contract });
}

/**
 * The same for a command that undoes another: what stands in a saga's `undo`. The barrier calls it only when the action
 * has taken effect. A command of this type that does not say what it undoes goes to the dead letters
 * (`compensates_missing`): a saga sends it as an action, or another program sent it.
 */
export function CompensationHandler<C extends CommandContract>(
  contract: C,
  options: HandlerOptions = {},
): HandlerDecorator<C> {
  return decorator({ ...options, contract, isCompensation: true });
}

/**
 * Answers a probe in the barrier's place: whether the command `ctx.probes` happened, and with what reply. For actions of
 * the form `none`, of which no row knows; ask the outside API by the idempotency key. Everywhere else the barrier answers
 * by itself. A command of this type that does not say what it asks about goes to the dead letters (`probes_missing`).
 */
export function ProbeHandler<C extends CommandContract<string, object, ProbeAnswer>>(
  contract: C,
  options: Pick<HandlerOptions, 'timeLimit'> = {},
): HandlerDecorator<C> {
  return decorator({ ...options, transaction: 'none', contract, isProbe: true });
}

function decorator<C extends CommandContract>(extras: HandlerExtras): HandlerDecorator<C> {
  const decorate = applyDecorators(
    MessagePattern<string>(extras.contract.type, SKALD_TRANSPORT, extras),
    SetMetadata(HANDLER_EXTRAS, extras),
    UseInterceptors(FailureInterceptor),
  );
  return (target, key, descriptor) => {
    Payload()(target, key, 0);
    Ctx()(target, key, 1);
    decorate(target, key, descriptor);
  };
}
