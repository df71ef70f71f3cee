import type {
  AnySaga,
  CallContract,
  Duration,
  Failure,
  InputOf,
  OutputOf,
  SagaStatus,
  SignalContract,
} from '@skald/core';

/** How a saga ended. */
export type SagaOutcome<Output = unknown> =
  | { readonly status: 'completed'; readonly output: Output }
  | { readonly status: 'compensated'; readonly failure: Failure }
  | { readonly status: 'terminated' };

/** How a saga stands. */
export interface SagaSnapshot<Output = unknown> {
  readonly status: SagaStatus;
  readonly definition: string;
  readonly version: number;
  /** When completed. */
  readonly output?: Output;
  /** Why it is being, or was, compensated. */
  readonly failure?: Failure;
  /** Why it is suspended. */
  readonly suspension?: Failure;
}

/** A saga to be followed to its end. */
export interface SagaHandle<Output = unknown> {
  readonly id: string;
  /**
   * Waits for the end. It may be asked for again, also after a timeout.
   *
   * @param options.timeout how long to wait. Default: 30 seconds.
   * @throws SagaTimeoutError when it has not ended in time; the saga goes on
   * @throws SagaRefusedError with `unknown_saga` when it was removed before its end was heard of
   * @throws OutputTruncatedError when it has completed, and its output is too large to be told over Kafka
   * @throws ClientClosedError
   */
  result(options?: { readonly timeout?: Duration }): Promise<SagaOutcome<Output>>;
}

export interface RequestOptions {
  /**
   * The same for copies of one message: it counts once, and is answered alike. 1 to 200 characters without control
   * characters. Default: a new one.
   */
  readonly messageId?: string;
  /** How long to wait for the answer, from 0 to 365 days. Default: 30 seconds. */
  readonly timeout?: Duration;
}

export interface StartOptions<S extends AnySaga> extends RequestOptions {
  /** The caller's own key for the business transaction, e.g. the id of its request. */
  readonly id: string;
  readonly input: InputOf<S>;
}

export type SignalData<S extends SignalContract> =
  S extends SignalContract<string, infer Data> ? Data : never;
export type CallRequest<C extends CallContract> =
  C extends CallContract<string, infer Request> ? Request : never;
export type CallReply<C extends CallContract> =
  C extends CallContract<string, object, infer Reply> ? Reply : never;

/**
 * Starts, follows and speaks to sagas from any other service: over Kafka or over REST, in the same words, with the same
 * errors in the same places.
 *
 * Every request waits for its answer up to its `timeout`, also for an orchestrator that is away and comes back meanwhile,
 * and is sent again under the same id where that helps. Besides what is named there, each may throw
 *
 * - `InvalidInputError` or `NotJsonError` when what was given does not fit: nothing was sent
 * - `SagaRefusedError` when the orchestrator says no; `too_large` when what was given is
 * - `NoAnswerError` when nobody answered in time: it may or may not be carried out, and may be asked again
 * - `ClientClosedError`
 */
export abstract class SagaClient {
  /**
   * Starts a saga in the version that it is given. Resolves when the orchestrator has stored it. The same id, definition and
   * input again give the same saga, so a caller that does not know whether it has asked may ask again. The same `messageId`,
   * too, begins no second one after the first was removed.
   *
   * @throws SagaRefusedError with `unknown_definition` when no live orchestrator knows that version, `invalid_input`,
   *   `saga_exists` when the id has another definition or other input, or `saga_removed` when this very message has started a
   *   saga that is removed since
   */
  abstract start<S extends AnySaga>(saga: S, options: StartOptions<S>): Promise<SagaHandle<OutputOf<S>>>;

  /**
   * Follows a saga that somebody else has started, or that was started before.
   *
   * @throws SagaRefusedError with `unknown_saga`
   */
  abstract follow<S extends AnySaga>(
    saga: S,
    id: string,
    options?: Pick<RequestOptions, 'timeout'>,
  ): Promise<SagaHandle<OutputOf<S>>>;

  /** How a saga stands; nothing when there is none. */
  abstract get<S extends AnySaga>(
    saga: S,
    id: string,
    options?: Pick<RequestOptions, 'timeout'>,
  ): Promise<SagaSnapshot<OutputOf<S>> | undefined>;

  /**
   * Sends a signal. Resolves when the saga has it: it ends a wait, or is kept for one that comes.
   *
   * @throws SagaRefusedError with `unknown_saga`, `unknown_signal`, `invalid_input`, `ended`
   */
  abstract signal<S extends SignalContract>(
    id: string,
    contract: S,
    data: SignalData<S>,
    options?: RequestOptions,
  ): Promise<void>;

  /**
   * Calls a saga, and resolves with its answer.
   *
   * @throws SagaRefusedError with the code that the saga says no with, or `unknown_saga`, `unknown_call`, `invalid_input`,
   *   `ended`
   */
  abstract call<C extends CallContract>(
    id: string,
    contract: C,
    request: CallRequest<C>,
    options?: RequestOptions,
  ): Promise<CallReply<C>>;

  /**
   * Cancels a saga: what it did is compensated.
   *
   * @param reason 1 to 500 characters
   * @throws SagaRefusedError with `past_pivot` when nothing can be undone any more, `ended`, `unknown_saga`
   */
  abstract cancel(id: string, reason: string, options?: RequestOptions): Promise<void>;

  /** Stops following. What is awaited rejects with `ClientClosedError`. */
  abstract close(): Promise<void>;
}
