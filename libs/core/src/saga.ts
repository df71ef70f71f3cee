import type { CommandContract, ReplyOf, RequestOf } from './contract.js';
import type { CommandTemplate, SagaDefinition, StepDefinition } from './definition.js';
import { type Duration, readDuration } from './duration.js';
import { DefinitionError } from './errors.js';
import { canonicalJson, type DataClass, hash64, type MustBeJson } from './json.js';
import { checkDataName, checkIdentifier, checkStepName } from './names.js';
import { readRetry, type RetryOptions } from './retry-policy.js';

export interface SagaOptions<Input extends object> {
  /** A whole number from 1. Raise it whenever the structure changes while instances may be running. */
  readonly version: number;
  /** The class of the input. Its class-validator decorators are checked before a saga starts. */
  readonly input: DataClass<Input> & MustBeJson<Input>;
  /** For every command of the saga that does not say otherwise. */
  readonly retry?: RetryOptions;
  /** How long one attempt of a command waits for its reply. Default: 30 seconds. */
  readonly timeout?: Duration;
}

/** Refuses members that the contract does not know; TypeScript does not check what functions return for these. */
type Exact<Actual, Expected> = Actual & Record<Exclude<keyof Actual, keyof Expected>, never>;

interface CommandOptions<Data, C extends CommandContract, Payload> {
  /** The contract of the command to send. */
  readonly send: C;
  /** Builds the payload from the input and the replies of earlier steps. Must be pure: it runs again on resending. */
  readonly with: (data: Data) => Payload & Exact<Payload, RequestOf<C>>;
  /** What is not said here, the saga's own `retry` says. */
  readonly retry?: RetryOptions;
  /** How long one attempt waits for its reply. Default: the saga's. */
  readonly timeout?: Duration;
}

export interface StepOptions<
  Data,
  C extends CommandContract,
  Payload extends RequestOf<C>,
  As extends string,
  U extends CommandContract,
  UndoPayload extends RequestOf<U>,
> extends CommandOptions<Data, C, Payload> {
  /** Keeps the reply under this name for later steps. Write-once in a saga. */
  readonly as?: As;
  /**
   * The command that compensates the step. It also runs when the step's outcome is unknown, so its own reply may be
   * missing there: prefer to undo by an id that was known before sending.
   */
  readonly undo?: CommandOptions<Data & { readonly [K in As]: ReplyOf<C> | undefined }, U, UndoPayload>;
}

/** Adds steps, read from top to bottom. `Data` is what the next step's functions will see. */
export interface SagaBuilder<
  Input extends object,
  Data extends { readonly input: Input },
  Names extends string,
> {
  /**
   * Adds a step that can be undone.
   *
   * @param name unique in the saga; stored with every instance, so renaming it needs a new version
   * @throws DefinitionError naming saga, step and option
   */
  step<
    const Name extends string,
    C extends CommandContract,
    Payload extends RequestOf<C>,
    const As extends string = never,
    U extends CommandContract = never,
    UndoPayload extends RequestOf<U> = RequestOf<U>,
  >(
    name: Name extends Names ? `there is already a step '${Name}'` : Name,
    options: StepOptions<Data, C, Payload, As, U, UndoPayload>,
  ): SagaBuilder<Input, Data & { readonly [K in As]: ReplyOf<C> }, Names | Name>;

  /**
   * Ends the definition.
   *
   * @param output what the completed saga gives to whoever waits for it. Default: nothing.
   * @throws DefinitionError when the saga has no step
   */
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
): SagaBuilder<Input, { readonly input: Input }, never> {
  const subject = `saga '${name}'`;
  checkIdentifier(subject, 'name', name);
  if (!Number.isInteger(options.version) || options.version < 1) {
    throw new DefinitionError(subject, 'version', `${options.version} must be a whole number from 1`);
  }
  if (typeof options.input !== 'function') {
    throw new DefinitionError(
      subject,
      'input',
      'must be the class of the input (an `import type` leaves none)',
    );
  }
  return new Builder<Input, { readonly input: Input }, never>(name, options, []);
}

/** What the builder needs to know of options whose types the public interface has already checked. */
interface UncheckedCommand {
  readonly send: CommandContract;
  readonly with: CommandTemplate['payload'];
  readonly retry?: RetryOptions;
  readonly timeout?: Duration;
}
interface UncheckedStep extends UncheckedCommand {
  readonly as?: string;
  readonly undo?: UncheckedCommand;
}

class Builder<
  Input extends object,
  Data extends { readonly input: Input },
  Names extends string,
> implements SagaBuilder<Input, Data, Names> {
  constructor(
    private readonly name: string,
    private readonly options: SagaOptions<Input>,
    private readonly steps: readonly StepDefinition[],
  ) {}

  step(name: string, options: UncheckedStep): Builder<Input, never, never> {
    const subject = `saga '${this.name}', step '${name}'`;
    checkStepName(subject, name);
    if (this.steps.some((step) => step.name === name)) {
      throw new DefinitionError(subject, 'name', 'there is already a step of this name');
    }
    if (options.as !== undefined) {
      checkDataName(subject, options.as);
      if (this.steps.some((step) => step.as === options.as)) {
        throw new DefinitionError(
          subject,
          'as',
          `'${options.as}' is taken by an earlier step; names are write-once`,
        );
      }
    }
    const step: StepDefinition = {
      ...readCommand(subject, '', options),
      name,
      class: 'compensatable',
      as: options.as,
      undo: options.undo && readCommand(subject, 'undo.', options.undo),
    };
    return new Builder<Input, never, never>(this.name, this.options, [...this.steps, step]);
  }

  build(): SagaDefinition<Input, undefined>;
  build<Output>(output: (data: Data) => Output): SagaDefinition<Input, Output>;
  build(output?: SagaDefinition['output']): SagaDefinition<Input> {
    const subject = `saga '${this.name}'`;
    if (this.steps.length === 0) {
      throw new DefinitionError(subject, undefined, 'has no steps; add at least one with .step()');
    }
    const { version, input, retry, timeout } = this.options;
    const structure = { name: this.name, version, steps: this.steps.map(structureOf) };
    return Object.freeze({
      name: this.name,
      version,
      hash: hash64(canonicalJson(structure)),
      input,
      retry: retry && readRetry(subject, retry),
      timeoutMs: timeout === undefined ? undefined : readTimeout(subject, 'timeout', timeout),
      steps: this.steps,
      output: output ?? (() => undefined),
    });
  }
}

function readCommand(subject: string, prefix: string, options: UncheckedCommand): CommandTemplate {
  if (typeof options.send !== 'object' || typeof options.send.type !== 'string') {
    throw new DefinitionError(subject, `${prefix}send`, 'must be a contract made with command()');
  }
  if (typeof options.with !== 'function') {
    throw new DefinitionError(subject, `${prefix}with`, 'must be a function that builds the payload');
  }
  return {
    command: options.send,
    payload: options.with,
    retry: options.retry && readRetry(`${subject}${prefix && ', undo'}`, options.retry),
    timeoutMs:
      options.timeout === undefined ? undefined : readTimeout(subject, `${prefix}timeout`, options.timeout),
  };
}

function readTimeout(subject: string, option: string, value: Duration): number {
  const milliseconds = readDuration(subject, option, value);
  if (milliseconds === 0) {
    throw new DefinitionError(subject, option, 'must be longer than 0: no reply could ever be in time');
  }
  return milliseconds;
}

/** Everything that a running instance depends on; see `SagaDefinition.hash` for what is left out. */
function structureOf(step: StepDefinition): object {
  return {
    name: step.name,
    class: step.class,
    as: step.as,
    command: step.command.type,
    rejections: step.command.rejections,
    undo: step.undo?.command.type,
  };
}
