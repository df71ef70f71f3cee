import type { CallContract, CommandContract, ReplyOf, RequestOf, SignalContract } from './contract.js';
import type { AnySaga, InputOf, OutputOf, SagaDefinition } from './definition.js';
import type { Duration } from './duration.js';
import type { MustBeJson } from './json.js';
import { SagaDraft } from './saga-draft.js';
import type {
  ArmOptions,
  CallData,
  CallOptions,
  ChildOptions,
  PivotOptions,
  RetriableOptions,
  SagaOptions,
  StepOptions,
  Waited,
  WaitOptions,
} from './saga-options.js';

/** A name that no node of the saga has yet; else a message that the compiler shows. */
type NewName<Name extends string, Names extends string> = Name extends Names
  ? `there is already a step '${Name}'`
  : Name;

/** What a chain of steps has gathered; never set, it carries types. */
interface Gathered<Data, Names extends string> {
  readonly '~data'?: Data;
  readonly '~names'?: Names;
}
type DataOf<G> = G extends { readonly '~data'?: infer Data } ? Exclude<Data, undefined> : never;
type NamesOf<G> = G extends { readonly '~names'?: infer Names } ? Exclude<Names, undefined> & string : never;

/** After a branch an arm's results may be missing: another arm may have been taken. */
type AfterBranch<Data, Arms extends Record<string, (arm: never) => unknown>> = Data &
  Partial<
    UnionToIntersection<{ [K in keyof Arms]: Omit<DataOf<ReturnType<Arms[K]>>, keyof Data> }[keyof Arms]>
  >;
type UnionToIntersection<U> = (U extends unknown ? (part: U) => void : never) extends (all: infer I) => void
  ? I
  : never;

/** Steps that run at the same time: each sees what was there before all of them. */
export interface ParallelSteps<Data, Results, Names extends string> {
  readonly '~results'?: Results;
  readonly '~names'?: Names;
  /** Adds a step that can be undone; the options are those of `step` without jumps. */
  step<
    const Name extends string,
    C extends CommandContract,
    Payload extends RequestOf<C>,
    const As extends string = never,
    U extends CommandContract = never,
    UndoPayload extends RequestOf<U> = RequestOf<U>,
    P extends CommandContract = never,
    ProbePayload extends RequestOf<P> = RequestOf<P>,
  >(
    name: NewName<Name, Names>,
    options: ArmOptions<Data, C, Payload, As, U, UndoPayload, P, ProbePayload>,
  ): ParallelSteps<Data, Results & { readonly [K in As]: ReplyOf<C> }, Names | Name>;
  /** Adds a child saga. */
  child<
    const Name extends string,
    S extends AnySaga,
    Payload extends InputOf<S>,
    const As extends string = never,
  >(
    name: NewName<Name, Names>,
    options: ChildOptions<Data, S, Payload, As>,
  ): ParallelSteps<Data, Results & { readonly [K in As]: OutputOf<S> }, Names | Name>;
}

/** Retriable steps that run at the same time. */
export interface ParallelRetriables<Data, Results, Names extends string> {
  readonly '~results'?: Results;
  readonly '~names'?: Names;
  retriable<
    const Name extends string,
    C extends CommandContract,
    Payload extends RequestOf<C>,
    const As extends string = never,
  >(
    name: NewName<Name, Names>,
    options: Omit<RetriableOptions<Data, C, Payload, As, never>, 'jump' | 'onRejected'>,
  ): ParallelRetriables<Data, Results & { readonly [K in As]: ReplyOf<C> }, Names | Name>;
}

type ResultsOf<G> = G extends { readonly '~results'?: infer Results } ? Exclude<Results, undefined> : never;

/**
 * A saga before its point of no return. Read from top to bottom; `Data` is what the next step's functions will see.
 * Every method throws a DefinitionError that names saga, step and option where something is wrong.
 */
export interface BeforePivot<
  Input extends object,
  Data extends { readonly input: Input },
  Names extends string,
> extends Gathered<Data, Names> {
  readonly '~phase'?: 'before';
  /**
   * Adds a step that can be undone.
   *
   * @param name unique in the saga; stored with every instance, so renaming it needs a new version
   */
  step<
    const Name extends string,
    C extends CommandContract,
    Payload extends RequestOf<C>,
    const As extends string = never,
    U extends CommandContract = never,
    UndoPayload extends RequestOf<U> = RequestOf<U>,
    P extends CommandContract = never,
    ProbePayload extends RequestOf<P> = RequestOf<P>,
  >(
    name: NewName<Name, Names>,
    options: StepOptions<Data, C, Payload, As, Names | NoInfer<Name>, U, UndoPayload, P, ProbePayload>,
  ): BeforePivot<Input, Data & { readonly [K in As]: ReplyOf<C> }, Names | Name>;

  /** Adds the point of no return: when it has succeeded nothing is undone any more. At most one, and not in a branch. */
  pivot<
    const Name extends string,
    C extends CommandContract,
    Payload extends RequestOf<C>,
    const As extends string = never,
    P extends CommandContract = never,
    ProbePayload extends RequestOf<P> = RequestOf<P>,
  >(
    name: NewName<Name, Names>,
    options: PivotOptions<Data, C, Payload, As, Names | NoInfer<Name>, P, ProbePayload>,
  ): AfterPivot<Input, Data & { readonly [K in As]: ReplyOf<C> }, Names | Name, never>;

  /** Adds steps that are sent together and joined. If one is rejected the others are awaited, then all is undone. */
  parallel<
    const Name extends string,
    Arms extends { readonly '~results'?: unknown; readonly '~names'?: string },
  >(
    name: NewName<Name, Names>,
    arms: (arms: ParallelSteps<Data, unknown, Names | Name>) => Arms,
  ): BeforePivot<Input, Data & ResultsOf<Arms>, Names | Name | NamesOf<Arms>>;

  /** Goes one of several ways. After it, what only one arm has given may be missing. */
  branch<
    const Name extends string,
    Arms extends Record<string, (arm: BeforePivot<Input, Data, Names | Name>) => BeforePivotArm>,
  >(
    name: NewName<Name, Names>,
    choose: (data: Data) => NoInfer<keyof Arms & string>,
    arms: Arms,
  ): BeforePivot<
    Input,
    AfterBranch<Data, Arms>,
    Names | Name | { [K in keyof Arms]: NamesOf<ReturnType<Arms[K]>> }[keyof Arms]
  >;

  /** Runs another saga as a step. */
  child<
    const Name extends string,
    S extends AnySaga,
    Payload extends InputOf<S>,
    const As extends string = never,
  >(
    name: NewName<Name, Names>,
    options: ChildOptions<Data, S, Payload, As>,
  ): BeforePivot<Input, Data & { readonly [K in As]: OutputOf<S> }, Names | Name>;

  /** Waits for a time: a duration, or a function of the data that gives a duration or a date (a `Date`, or ISO 8601 text). */
  sleep<const Name extends string>(
    name: NewName<Name, Names>,
    until: Duration | ((data: Data) => number | string | Date),
  ): BeforePivot<Input, Data, Names | Name>;

  /** Waits for the first of several signals, or for a timeout. */
  waitFor<
    const Name extends string,
    const S extends readonly SignalContract[],
    const As extends string = never,
    T extends Duration = never,
  >(
    name: NewName<Name, Names>,
    options: WaitOptions<S, As, T>,
  ): BeforePivot<Input, Data & { readonly [K in As]: Waited<S, T> }, Names | Name>;

  /** Answers calls from outside while the saga runs. */
  onCall<C extends CallContract, Kept, const As extends string = never>(
    contract: C,
    options: CallOptions<CallData<Input, Data>, C, As, Kept>,
  ): BeforePivot<Input, Data & { readonly [K in As]?: Kept }, Names>;

  /**
   * Ends the definition.
   *
   * @param output what the completed saga gives to whoever waits for it. Default: nothing.
   */
  build(): SagaDefinition<Input, undefined>;
  build<Output extends object>(
    output: (data: Data) => Output & MustBeJson<Output>,
  ): SagaDefinition<Input, Output>;
}

/** What a branch before the pivot may end with: not the pivot, and not a built saga. */
interface BeforePivotArm extends Gathered<unknown, string> {
  readonly '~phase'?: 'before';
  step: unknown;
}

interface AfterPivotArm extends Gathered<unknown, string> {
  readonly '~phase'?: 'after';
  retriable: unknown;
}

/** A saga after its point of no return. Jumps lead back to `Back`, never before the pivot. */
export interface AfterPivot<
  Input extends object,
  Data extends { readonly input: Input },
  Names extends string,
  Back extends string,
> extends Gathered<Data, Names> {
  readonly '~phase'?: 'after';
  /** Adds a step that is tried until it works: by default without limit, with capped backoff. */
  retriable<
    const Name extends string,
    C extends CommandContract,
    Payload extends RequestOf<C>,
    const As extends string = never,
  >(
    name: NewName<Name, Names>,
    options: RetriableOptions<Data, C, Payload, As, Back | NoInfer<Name>>,
  ): AfterPivot<Input, Data & { readonly [K in As]: ReplyOf<C> }, Names | Name, Back | Name>;

  /** Not here: what follows the pivot must succeed in the end. */
  step(name: 'after the pivot nothing can be undone: use .retriable()', options: never): never;
  /** Not here: a saga has one pivot. */
  pivot(name: 'a saga has one pivot: use .retriable()', options: never): never;

  parallel<
    const Name extends string,
    Arms extends { readonly '~results'?: unknown; readonly '~names'?: string },
  >(
    name: NewName<Name, Names>,
    arms: (arms: ParallelRetriables<Data, unknown, Names | Name>) => Arms,
  ): AfterPivot<Input, Data & ResultsOf<Arms>, Names | Name | NamesOf<Arms>, Back | Name>;

  branch<
    const Name extends string,
    Arms extends Record<string, (arm: AfterPivot<Input, Data, Names | Name, Back>) => AfterPivotArm>,
  >(
    name: NewName<Name, Names>,
    choose: (data: Data) => NoInfer<keyof Arms & string>,
    arms: Arms,
  ): AfterPivot<
    Input,
    AfterBranch<Data, Arms>,
    Names | Name | { [K in keyof Arms]: NamesOf<ReturnType<Arms[K]>> }[keyof Arms],
    Back | Name
  >;

  sleep<const Name extends string>(
    name: NewName<Name, Names>,
    until: Duration | ((data: Data) => number | string | Date),
  ): AfterPivot<Input, Data, Names | Name, Back | Name>;

  waitFor<
    const Name extends string,
    const S extends readonly SignalContract[],
    const As extends string = never,
    T extends Duration = never,
  >(
    name: NewName<Name, Names>,
    options: WaitOptions<S, As, T>,
  ): AfterPivot<Input, Data & { readonly [K in As]: Waited<S, T> }, Names | Name, Back | Name>;

  onCall<C extends CallContract, Kept, const As extends string = never>(
    contract: C,
    options: CallOptions<CallData<Input, Data>, C, As, Kept>,
  ): AfterPivot<Input, Data & { readonly [K in As]?: Kept }, Names, Back>;

  build(): SagaDefinition<Input, undefined>;
  build<Output extends object>(
    output: (data: Data) => Output & MustBeJson<Output>,
  ): SagaDefinition<Input, Output>;
}

/**
 * Begins a saga. Keep the result in a module constant: Nest registers it, callers and tests import it.
 *
 * @param name lower-case letters, digits and hyphens
 * @throws DefinitionError when name, version or an option is wrong
 */
export function saga<Input extends object>(
  name: string,
  options: SagaOptions<Input>,
): BeforePivot<Input, { readonly input: Input }, never> {
  // The draft checks at run time what these interfaces check at compile time; their generics it cannot name.
  return SagaDraft.begin(name, options) as unknown as BeforePivot<Input, { readonly input: Input }, never>;
}
