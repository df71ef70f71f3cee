import type {
  CallContract,
  CommandContract,
  RejectionOf,
  ReplyOf,
  RequestOf,
  SignalContract,
} from './contract.js';
import type { AnySaga, InputOf } from './definition.js';
import type { Duration } from './duration.js';
import type { DataClass, MustBeJson } from './json.js';
import type { RetryOptions } from './retry-policy.js';

export interface SagaOptions<Input extends object> {
  /** A whole number from 1. Raise it whenever the structure changes while instances may be running. */
  readonly version: number;
  /**
   * The class of the input. Its class-validator decorators are checked before a saga starts; one without any is unchecked, and
   * warned of at boot.
   */
  readonly input: DataClass<Input> & MustBeJson<Input>;
  /** For every command of the saga that does not say otherwise. */
  readonly retry?: RetryOptions;
  /** How long one attempt of a command waits for its reply. Default: 30 seconds. */
  readonly timeout?: Duration;
  /** How long the saga may take until its pivot; then it is compensated. Default: as long as it likes. */
  readonly deadline?: Duration;
}

/** Refuses members that the contract does not know; TypeScript does not check what functions return for these. */
export type Exact<Actual, Expected> = Actual & Record<Exclude<keyof Actual, keyof Expected>, never>;

/** A command and how to send it. */
export interface CommandOptions<Data, C extends CommandContract, Payload> {
  /** The contract of the command to send. */
  readonly send: C;
  /** Builds the payload from the input and the replies of earlier steps. Must be pure: it runs again on resending. */
  readonly with: (data: Data) => Payload & Exact<Payload, RequestOf<C>>;
  /** What is not said here, the saga's own `retry` says. */
  readonly retry?: RetryOptions;
  /** How long one attempt waits for its reply. Default: the saga's. */
  readonly timeout?: Duration;
}

/** What a probe answers: whether the command happened, and if so, what it replied. */
export interface ProbeAnswer<Reply = unknown> {
  readonly happened: boolean;
  readonly reply?: Reply;
}

/** Data of earlier steps and, under `as`, the step's own reply. */
export type WithReply<Data, As extends string, Reply> = Data & { readonly [K in As]: Reply };

interface NamedOptions<As extends string> {
  /** Keeps the reply under this name for later steps. Write-once in a saga. */
  readonly as?: As;
}

interface VisitOptions {
  /** How often the step may be visited when jumps lead back to it or past it. Default: 10. */
  readonly maximumVisits?: number;
}

interface JumpOptions<
  Data,
  C extends CommandContract,
  As extends string,
  Names extends string,
> extends VisitOptions {
  /**
   * After a success: the step to go back to, or nothing for the one that follows. Each visit has its own command and
   * its own reply.
   */
  readonly jump?: (data: WithReply<Data, As, ReplyOf<C>>) => Names | undefined;
  /** After a rejection with this code: the step to go back to, where otherwise the saga would turn back. */
  readonly onRejected?: { readonly [Code in RejectionOf<C>]?: Names };
}

/** Asks the participant whether a command happened, when no attempt was answered. */
type ProbeOptions<Data, C extends CommandContract, P extends CommandContract, ProbePayload> = CommandOptions<
  Data,
  P,
  ProbePayload
> &
  (ReplyOf<P> extends ProbeAnswer<ReplyOf<C>>
    ? unknown
    : { readonly send: 'a probe replies with { happened, reply? }' });

export interface StepOptions<
  Data,
  C extends CommandContract,
  Payload extends RequestOf<C>,
  As extends string,
  Names extends string,
  U extends CommandContract,
  UndoPayload extends RequestOf<U>,
  P extends CommandContract,
  ProbePayload extends RequestOf<P>,
>
  extends CommandOptions<Data, C, Payload>, NamedOptions<As>, JumpOptions<Data, C, As, Names> {
  /**
   * The command that compensates the step. It also runs when the step's outcome is unknown, so its own reply may be
   * missing there: prefer to undo by an id that was known before sending.
   */
  readonly undo?: CommandOptions<WithReply<Data, As, ReplyOf<C> | undefined>, U, UndoPayload>;
  /** Decides an unknown outcome. Without one, the step counts as possibly done and is undone. */
  readonly probe?: ProbeOptions<Data, C, P, ProbePayload>;
}

/**
 * The pivot is not undone: an unknown outcome needs a probe, or a person. It goes back after a rejection only, since what
 * stands before it could no longer be undone after a success.
 */
export type PivotOptions<
  Data,
  C extends CommandContract,
  Payload extends RequestOf<C>,
  As extends string,
  Names extends string,
  P extends CommandContract,
  ProbePayload extends RequestOf<P>,
> = Omit<StepOptions<Data, C, Payload, As, Names, never, never, P, ProbePayload>, 'undo' | 'jump'>;

/** After the pivot: tried until it works. */
export interface RetriableOptions<
  Data,
  C extends CommandContract,
  Payload extends RequestOf<C>,
  As extends string,
  Names extends string,
>
  extends CommandOptions<Data, C, Payload>, NamedOptions<As>, JumpOptions<Data, C, As, Names> {}

/** A step inside a parallel: no jumps lead out of it. */
export interface ArmOptions<
  Data,
  C extends CommandContract,
  Payload extends RequestOf<C>,
  As extends string,
  U extends CommandContract,
  UndoPayload extends RequestOf<U>,
  P extends CommandContract,
  ProbePayload extends RequestOf<P>,
> extends Omit<
  StepOptions<Data, C, Payload, As, never, U, UndoPayload, P, ProbePayload>,
  'jump' | 'onRejected'
> {}

export interface ChildOptions<Data, S extends AnySaga, Payload extends InputOf<S>, As extends string>
  extends NamedOptions<As>, VisitOptions {
  /** The saga to run. Its instance belongs to this one, and undoing the step compensates what it did. */
  readonly saga: S;
  /** Builds its input. */
  readonly with: (data: Data) => Payload & Exact<Payload, InputOf<S>>;
}

export interface WaitOptions<S extends readonly SignalContract[], As extends string, T extends Duration>
  extends NamedOptions<As>, VisitOptions {
  /** The first of these to arrive ends the wait. One that arrived before the wait counts. */
  readonly signals: S;
  /** Ends the wait without a signal; a `branch` can act on it. Default: waits for ever. */
  readonly timeout?: T;
}

/** What a wait gives: the signal that came, or `{ signal: 'timeout' }` where it has a timeout. */
export type Waited<S extends readonly SignalContract[], T extends Duration> =
  ReceivedOf<S[number]> | ([T] extends [never] ? never : { readonly signal: 'timeout' });

type ReceivedOf<S extends SignalContract> =
  S extends SignalContract<infer Name, infer Data> ? { readonly signal: Name; readonly data: Data } : never;

/** What a call sees: the input, and whatever is there already. */
export type CallData<Input, Data> = { readonly input: Input } & {
  readonly [K in Exclude<keyof Data, 'input'>]?: Data[K];
};

export interface CallOptions<Data, C extends CallContract, As extends string, Kept> extends NamedOptions<As> {
  /**
   * Answers the call, and may `keep` a value under the name `as` for later steps; a later call replaces it. Must be
   * pure.
   */
  readonly handle: (
    data: Data,
    request: C extends CallContract<string, infer Request> ? Request : never,
  ) =>
    | {
        readonly answer: C extends CallContract<string, object, infer Reply> ? Reply : never;
        readonly keep?: Kept;
      }
    | { readonly reject: C['rejections'][number]; readonly message?: string };
}
