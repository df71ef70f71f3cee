import { SkaldError } from '@skald/core';

/** The orchestrator refused to start the saga. */
export class SagaRefusedError extends SkaldError {
  constructor(
    readonly code: string,
    message: string,
    /** What is wrong with single fields. */
    readonly problems: readonly string[],
  ) {
    super(message);
  }
}

/** The saga had not ended in the time given. It goes on; ask again, or look at it. */
export class SagaTimeoutError extends SkaldError {
  readonly code = 'saga_timeout';

  constructor(
    readonly sagaId: string,
    milliseconds: number,
    /** True when the saga is known to wait for an operator. */
    readonly isSuspended: boolean,
  ) {
    super(
      isSuspended
        ? `saga '${sagaId}' is suspended: an operator has to act before it can end`
        : `saga '${sagaId}' has not ended within ${milliseconds} ms; it goes on, wait longer or look at it`,
    );
  }
}

/** The input does not fit its class; nothing was sent. */
export class InvalidInputError extends SkaldError {
  readonly code = 'invalid_input';

  constructor(
    what: string,
    readonly problems: readonly string[],
  ) {
    super(`${what} is invalid: ${problems.join('; ')}`);
  }
}

/** The REST interface answered with an error that says nothing about the saga: try again, or look at its log. */
export class RestError extends SkaldError {
  readonly code = 'rest_error';

  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(`the orchestrator answered ${status}: ${detail}`);
  }
}
