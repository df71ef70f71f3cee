import type { CommandContract } from './contract.js';
import type { DataClass } from './json.js';
import type { RetrySettings } from './retry-policy.js';

/** What a saga's functions see: its input, and the replies of earlier steps under their `as` names. */
export interface SagaData {
  readonly input: object;
  readonly [as: string]: unknown;
}

/** One command of a step, in one direction. */
export interface CommandTemplate {
  readonly command: CommandContract;
  /** Builds the payload. Pure: the same data must give the same payload, since messages are derived again. */
  payload(data: SagaData): object;
  readonly retry: RetrySettings | undefined;
  /** How long one attempt waits for its reply. */
  readonly timeoutMs: number | undefined;
}

export interface StepDefinition extends CommandTemplate {
  readonly name: string;
  readonly class: 'compensatable';
  /** The name under which later steps find the reply. */
  readonly as: string | undefined;
  readonly undo: CommandTemplate | undefined;
}

/** A saga as the engine reads it. Build one with `saga()`. */
export interface SagaDefinition<Input extends object = object, Output = unknown> {
  readonly name: string;
  readonly version: number;
  /** Changes when the structure changes: names, order, contracts, undo. Not with payload functions or times. */
  readonly hash: string;
  readonly input: DataClass<Input>;
  readonly retry: RetrySettings | undefined;
  readonly timeoutMs: number | undefined;
  readonly steps: readonly StepDefinition[];
  output(data: SagaData): Output;
}

export type AnySaga = SagaDefinition;
export type InputOf<S extends AnySaga> = S extends SagaDefinition<infer Input> ? Input : never;
export type OutputOf<S extends AnySaga> = S extends SagaDefinition<object, infer Output> ? Output : never;

/** `create-bot@1`: how a definition is named in ids, on the wire and in the database's messages. */
export function definitionRef(definition: { readonly name: string; readonly version: number }): string {
  return `${definition.name}@${definition.version}`;
}

/** Finds a step by its name; a missing one means that an instance met a structure that is not its own. */
export function stepNamed(definition: AnySaga, name: string): StepDefinition {
  const step = definition.steps.find((candidate) => candidate.name === name);
  if (step === undefined) {
    throw new Error(`saga '${definitionRef(definition)}' has no step '${name}'`);
  }
  return step;
}
