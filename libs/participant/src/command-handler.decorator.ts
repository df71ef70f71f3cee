import type { CommandContract, ReplyOf, RequestOf } from '@skald/core';
import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { CommandContext } from './command-context.js';
import { FailureInterceptor } from './failure.interceptor.js';

/** Marks handlers as Skald's, so that other transports of a hybrid application leave them alone. */
export const SKALD_TRANSPORT = Symbol('skald');

type Handler<C extends CommandContract> = (
  request: RequestOf<C>,
  context: CommandContext<C>,
) => ReplyOf<C> | Promise<ReplyOf<C>>;

/** What a handler's decorator leaves for the server to find. */
export interface HandlerExtras {
  readonly contract: CommandContract;
}

/**
 * Makes a controller's method handle a command. It gets the payload, checked against the contract's class, and the
 * `CommandContext`; it returns the reply. Guards, pipes, interceptors and filters work as on any Nest message handler.
 *
 * An error that it throws means "failed, try again"; `ctx.reject` means no.
 */
export function CommandHandler<C extends CommandContract>(contract: C) {
  const extras: HandlerExtras = { contract };
  const decorate = applyDecorators(
    MessagePattern<string>(contract.type, SKALD_TRANSPORT, extras),
    UseInterceptors(FailureInterceptor),
  );
  return <M extends Handler<C>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    Payload()(target, key, 0);
    Ctx()(target, key, 1);
    decorate(target, key, descriptor);
  };
}
