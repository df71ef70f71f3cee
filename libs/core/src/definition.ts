import type { CallContract, CommandContract, SignalContract } from './contract.js';
import type { DataClass, JsonObject } from './json.js';
import type { RetrySettings } from './retry-policy.js';

/** What a namespace sets for all of its sagas. */
export interface NamespaceDefaults {
  readonly retry?: RetrySettings | undefined;
  readonly timeoutMs?: number | undefined;
}

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

/**
 * - `compensatable`: can be undone, so it stands before the pivot
 * - `pivot`: the point of no return
 * - `retriable`: after the pivot, tried until it works
 */
export type StepClass = 'compensatable' | 'pivot' | 'retriable';

/** What every node of a saga has. The name is how instances, ids and operators speak of it. */
interface Node {
  readonly name: string;
  /** The name under which later steps find what the node gave. */
  readonly as: string | undefined;
  /** The node that follows, unless a jump says otherwise; `undefined` at the end of the saga. */
  readonly next: string | undefined;
  /** How often it may be visited. */
  readonly maximumVisits: number;
}

export interface StepNode extends Node, CommandTemplate {
  readonly kind: 'step';
  readonly class: StepClass;
  readonly undo: CommandTemplate | undefined;
  /** Asks the participant whether the command happened, when no attempt was answered. */
  readonly probe: CommandTemplate | undefined;
  /** Names the node to go to after a success, or none for the one that follows. */
  jump(data: SagaData): string | undefined;
  /** Nodes to go to after a rejection, by its code. */
  readonly onRejected: Readonly<Record<string, string>>;
}

/** Another saga, run as a step. Undoing it compensates what it did. */
export interface ChildNode extends Node {
  readonly kind: 'child';
  readonly class: 'compensatable';
  readonly saga: { readonly name: string; readonly version: number };
  payload(data: SagaData): object;
}

/** Steps that are sent together and awaited together. */
export interface ParallelNode extends Node {
  readonly kind: 'parallel';
  readonly arms: readonly string[];
}

export interface BranchNode extends Node {
  readonly kind: 'branch';
  /** The first node of each arm; `undefined` for an empty one. */
  readonly arms: Readonly<Record<string, string | undefined>>;
  choose(data: SagaData): string;
}

export interface SleepNode extends Node {
  readonly kind: 'sleep';
  /** A duration, in milliseconds or as text, or a date, which may be ISO 8601 text. */
  until(data: SagaData): number | string | Date;
}

export interface WaitNode extends Node {
  readonly kind: 'wait';
  readonly signals: readonly SignalContract[];
  readonly timeoutMs: number | undefined;
}

export type SagaNode = StepNode | ChildNode | ParallelNode | BranchNode | SleepNode | WaitNode;

/** How an instance answers a call. */
export interface CallHandler {
  readonly call: CallContract;
  readonly as: string | undefined;
  handle(data: SagaData, request: JsonObject): CallResult;
}

export type CallResult =
  | { readonly answer: unknown; readonly keep?: unknown }
  | { readonly reject: string; readonly message?: string };

/** A saga as the engine reads it. Build one with `saga()`. */
export interface SagaDefinition<Input extends object = object, Output = unknown> {
  readonly name: string;
  readonly version: number;
  /** Changes when the structure changes: names, order, contracts, undo. Not with payload functions or times. */
  readonly hash: string;
  readonly input: DataClass<Input>;
  readonly retry: RetrySettings | undefined;
  readonly timeoutMs: number | undefined;
  /** How long the whole saga may take until its pivot. */
  readonly deadlineMs: number | undefined;
  /** The first node. */
  readonly first: string;
  /** All nodes in reading order, those of branches and parallels included. */
  readonly nodes: readonly SagaNode[];
  readonly calls: readonly CallHandler[];
  /** What the namespace sets where the saga says nothing; added when the saga is registered. */
  readonly defaults?: NamespaceDefaults;
  output(data: SagaData): Output;
}

export type AnySaga = SagaDefinition;
export type InputOf<S extends AnySaga> = S extends SagaDefinition<infer Input> ? Input : never;
export type OutputOf<S extends AnySaga> = S extends SagaDefinition<object, infer Output> ? Output : never;

/** `create-bot@1`: how a definition is named in ids, on the wire and in the database's messages. */
export function definitionRef(definition: { readonly name: string; readonly version: number }): string {
  return `${definition.name}@${definition.version}`;
}

const indexes = new WeakMap<readonly SagaNode[], ReadonlyMap<string, SagaNode>>();

/** Finds a node by its name; a missing one means that an instance met a structure that is not its own. */
export function nodeNamed(definition: AnySaga, name: string): SagaNode {
  const node = findNode(definition, name);
  if (node === undefined) throw new Error(`saga '${definitionRef(definition)}' has no step '${name}'`);
  return node;
}

export function findNode(definition: AnySaga, name: string): SagaNode | undefined {
  let index = indexes.get(definition.nodes);
  if (index === undefined) {
    index = new Map(definition.nodes.map((node) => [node.name, node]));
    indexes.set(definition.nodes, index);
  }
  return index.get(name);
}

const parallels = new WeakMap<readonly SagaNode[], ReadonlyMap<string, string>>();

/** The name of the parallel that a step is an arm of, if it is one. */
export function armsParallel(definition: AnySaga, step: string): string | undefined {
  let index = parallels.get(definition.nodes);
  if (index === undefined) {
    const pairs = definition.nodes.flatMap((node) =>
      node.kind === 'parallel' ? node.arms.map((arm) => [arm, node.name] as const) : [],
    );
    index = new Map(pairs);
    parallels.set(definition.nodes, index);
  }
  return index.get(step);
}

/** The command that a node sends in a direction, if it sends one. */
export function templateOf(node: SagaNode, direction: 'do' | 'undo' | 'probe'): CommandTemplate | undefined {
  if (node.kind !== 'step') return undefined;
  return direction === 'do' ? node : node[direction];
}

/** Can be undone: it has a compensation, or is a child saga, which has its own. */
export function canBeUndone(node: SagaNode): boolean {
  return node.kind === 'child' || (node.kind === 'step' && node.undo !== undefined);
}
