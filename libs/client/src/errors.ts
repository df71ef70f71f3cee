import { shortened, SkaldError } from '@skald/core';

/** The orchestrator said no. Its codes are those of `RequestRefusedError`, and the saga's own. */
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

/** What was asked of the orchestrator. */
export interface Asked {
  readonly kind: 'start' | 'get' | 'signal' | 'call' | 'cancel';
  readonly sagaId: string;
  readonly messageId: string;
}

const WHAT_TO_DO: Readonly<Record<Asked['kind'], string>> = {
  start: 'it may still be started: start it again with the same id and input, and it is one saga',
  get: 'ask again',
  signal: 'it may still arrive: send it again with the same messageId, and it counts once',
  call: 'it may still be carried out: call again with the same messageId, and it counts once',
  cancel: 'it may still be cancelled: cancel it again with the same messageId, and it counts once',
};

/**
 * Nobody answered in time: the orchestrator, Kafka or the database is away, or overloaded. Whether the request was, or will
 * be, carried out is not known; the message says how to ask again so that it counts once.
 */
export class NoAnswerError extends SkaldError {
  readonly code = 'no_answer';
  readonly sagaId: string;
  /** Ask again with this one. */
  readonly messageId: string;

  /** @param reason what is known of why there was no answer */
  constructor({ kind, sagaId, messageId }: Asked, milliseconds: number, reason = '', options?: ErrorOptions) {
    const why = reason && ` (${shortened(reason, 500)})`;
    super(
      `the ${kind} of saga '${sagaId}' was not answered within ${milliseconds} ms${why}; ${WHAT_TO_DO[kind]}`,
      options,
    );
    this.sagaId = sagaId;
    this.messageId = messageId;
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

/**
 * The saga has completed, but its output is too large for the broker, so that its event came without. The saga itself has
 * the output: ask over REST.
 */
export class OutputTruncatedError extends SkaldError {
  readonly code = 'output_truncated';

  constructor(readonly sagaId: string) {
    super(
      `saga '${sagaId}' has completed, but its output is too large for the broker, and came without; ask for it over REST`,
    );
  }
}

/** What was given does not fit its class or its bounds; nothing was sent. */
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

/** The client was closed before the answer came, or before it was asked. */
export class ClientClosedError extends SkaldError {
  readonly code = 'client_closed';

  constructor() {
    super('the saga client is closed; what it was asked before may be carried out: ask another one');
  }
}
