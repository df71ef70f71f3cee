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
   * Waits for the end.
   *
   * @param options.timeout how long to wait. Default: 30 seconds.
   * @throws SagaRefusedError when the orchestrator did not start it, or does not know it
   * @throws SagaTimeoutError when it has not ended in time; the saga goes on
   */
  result(options?: { readonly timeout?: Duration }): Promise<SagaOutcome<Output>>;
}

export interface RequestOptions {
  /** The same for copies of one message: it counts once, and is answered alike. Default: a new one. */
  readonly messageId?: string;
  /** How long to wait for the answer. Default: 30 seconds. */
  readonly timeout?: Duration;
}

export type SignalData<S extends SignalContract> =
  S extends SignalContract<string, infer Data> ? Data : never;
export type CallRequest<C extends CallContract> =
  C extends CallContract<string, infer Request> ? Request : never;
export type CallReply<C extends CallContract> =
  C extends CallContract<string, object, infer Reply> ? Reply : never;

/** Starts, follows and speaks to sagas from any other service: over Kafka or over REST, in the same words. */
export abstract class SagaClient {
  /**
   * Starts a saga. Resolves when the request is stored. The same id, definition and input again give the same saga, so
   * a caller that does not know whether it has asked may ask again.
   *
   * @param options.id the caller's own key for the business transaction, e.g. the id of its request
   * @throws InvalidInputError when the input does not fit its class
   */
  abstract start<S extends AnySaga>(
    saga: S,
    options: { readonly id: string; readonly input: InputOf<S> },
  ): Promise<SagaHandle<OutputOf<S>>>;

  /** Follows a saga that somebody else has started, or that was started before. */
  abstract follow<S extends AnySaga>(saga: S, id: string): Promise<SagaHandle<OutputOf<S>>>;

  /** How a saga stands; nothing when there is none. */
  abstract get<S extends AnySaga>(
    saga: S,
    id: string,
    options?: Pick<RequestOptions, 'timeout'>,
  ): Promise<SagaSnapshot<OutputOf<S>> | undefined>;

  /**
   * Sends a signal.
   *
   * @throws InvalidInputError when the data do not fit their class
   */
  abstract signal<S extends SignalContract>(
    id: string,
    contract: S,
    data: SignalData<S>,
    options?: Pick<RequestOptions, 'messageId'>,
  ): Promise<void>;

  /**
   * Calls a saga, and resolves with its answer.
   *
   * @throws InvalidInputError, SagaRefusedError with the code that the saga says no with, SagaTimeoutError
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
   * @throws SagaRefusedError with `past_pivot` when nothing can be undone any more, SagaTimeoutError
   */
  abstract cancel(id: string, reason: string, options?: Pick<RequestOptions, 'timeout'>): Promise<void>;

  /** Stops following. */
  abstract close(): Promise<void>;
}
