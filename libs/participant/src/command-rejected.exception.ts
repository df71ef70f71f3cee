import { RpcException } from '@nestjs/microservices';

/** The business no inside an exception, in the form in which Nest's exception filters hand it on. */
export class Rejection {
  constructor(
    readonly code: string,
    readonly message: string,
  ) {}
}

/** Thrown by `ctx.reject`; an exception filter may throw it too, to turn a domain error into a business no. */
export class CommandRejectedException extends RpcException {
  constructor(code: string, message = '') {
    super(new Rejection(code, message));
  }
}

/** The no in what came out of Nest's exception layer, whether a filter unwrapped it, passed it on or threw it. */
export function rejectionOf(error: unknown): Rejection | undefined {
  const thrown: unknown = error instanceof CommandRejectedException ? error.getError() : error;
  return thrown instanceof Rejection ? thrown : undefined;
}
