import type { CallContract, CommandContract, SignalContract } from './contract.js';
import type {
  CallHandler,
  CommandTemplate,
  SagaDefinition,
  SagaNode,
  StepClass,
  StepNode,
} from './definition.js';
import { type Duration, readDuration, readTimeout } from './duration.js';
import { DefinitionError } from './errors.js';
import { canonicalJson, type DataClass, hash64 } from './json.js';
import { checkDataName, checkIdentifier, checkStepName } from './names.js';
import { checkOptions, checkWhole } from './options.js';
import { readRetry, type RetryOptions } from './retry-policy.js';
import type { SagaOptions } from './saga-options.js';
import { printable } from './text.js';

const DEFAULT_MAXIMUM_VISITS = 10;

const SAGA_OPTIONS = ['version', 'input', 'retry', 'timeout', 'deadline'];
const COMMAND_OPTIONS = ['send', 'with', 'retry', 'timeout'];
const ARM_OPTIONS = [...COMMAND_OPTIONS, 'as', 'probe', 'maximumVisits'];
const NEVER_UNDONE_OPTIONS = [...ARM_OPTIONS, 'jump', 'onRejected'];
const CHILD_OPTIONS = ['saga', 'with', 'as', 'maximumVisits'];
const WAIT_OPTIONS = ['signals', 'as', 'timeout', 'maximumVisits'];
const CALL_OPTIONS = ['as', 'handle'];

/** What the language's types have checked already; plain JavaScript is checked below. */
type UncheckedSaga = Omit<SagaOptions<object>, 'input'> & { readonly input: DataClass<object> };
interface UncheckedCommand {
  readonly send: CommandContract;
  readonly with: CommandTemplate['payload'];
  readonly retry?: RetryOptions;
  readonly timeout?: Duration;
}
interface UncheckedStep extends UncheckedCommand {
  readonly as?: string;
  readonly undo?: UncheckedCommand;
  readonly probe?: UncheckedCommand;
  readonly jump?: StepNode['jump'];
  readonly onRejected?: Readonly<Record<string, string>>;
  readonly maximumVisits?: number;
}
interface UncheckedChild {
  readonly saga: { readonly name: string; readonly version: number };
  readonly with: CommandTemplate['payload'];
  readonly as?: string;
  readonly maximumVisits?: number;
}
interface UncheckedWait {
  readonly signals: readonly SignalContract[];
  readonly as?: string;
  readonly timeout?: Duration;
  readonly maximumVisits?: number;
}

type Unlinked<N> = N extends SagaNode ? Omit<N, 'next'> : never;

/** A node whose successor is not known yet. */
interface Draft {
  readonly name: string;
  /** Gives the node, and those inside it, once it is known what follows. */
  link(next: string | undefined): SagaNode[];
}

/** What all drafts of one saga share: the names and replies that are taken, and where the pivot stands. */
interface Shared {
  readonly saga: string;
  readonly options: UncheckedSaga;
  readonly names: Set<string>;
  readonly replies: Set<string>;
  readonly calls: CallHandler[];
  pivot: string | undefined;
}

/** Builds a definition behind the typed interfaces of saga.ts; checks again what their types promise. */
export class SagaDraft {
  private readonly drafts: Draft[] = [];

  private constructor(
    private readonly shared: Shared,
    private readonly place: 'saga' | 'branch' | 'parallel',
  ) {}

  static begin(name: string, options: UncheckedSaga): SagaDraft {
    const subject = `saga '${name}'`;
    checkIdentifier(subject, 'name', name);
    checkOptions(subject, '', options, SAGA_OPTIONS);
    checkWhole(subject, 'version', options.version, 1, Number.MAX_SAFE_INTEGER);
    if (typeof options.input !== 'function') {
      throw new DefinitionError(
        subject,
        'input',
        'must be the class of the input (an `import type` leaves none)',
      );
    }
    const shared: Shared = {
      saga: name,
      options,
      names: new Set(),
      replies: new Set(),
      calls: [],
      pivot: undefined,
    };
    return new SagaDraft(shared, 'saga');
  }

  step(name: string, options: UncheckedStep): this {
    if (this.shared.pivot !== undefined) {
      throw new DefinitionError(
        this.subject(name),
        undefined,
        'after the pivot nothing can be undone: use .retriable()',
      );
    }
    return this.addStep(name, 'compensatable', options);
  }

  pivot(name: string, options: UncheckedStep): this {
    const { pivot } = this.shared;
    if (pivot !== undefined) {
      throw new DefinitionError(
        this.subject(name),
        undefined,
        `a saga has one pivot, and this one has '${pivot}'`,
      );
    }
    if (this.place !== 'saga') {
      throw new DefinitionError(
        this.subject(name),
        undefined,
        'a pivot cannot stand in a branch or a parallel',
      );
    }
    if (options?.jump !== undefined) {
      throw new DefinitionError(
        this.subject(name),
        'jump',
        'when the pivot has succeeded nothing is done again; use onRejected to go back after a no',
      );
    }
    this.addStep(name, 'pivot', options);
    this.shared.pivot = name;
    return this;
  }

  retriable(name: string, options: UncheckedStep): this {
    if (this.shared.pivot === undefined) {
      throw new DefinitionError(
        this.subject(name),
        undefined,
        'a retriable step follows a pivot: use .step()',
      );
    }
    return this.addStep(name, 'retriable', options);
  }

  parallel(name: string, fill: (arms: SagaDraft) => SagaDraft): this {
    const subject = this.take(name);
    const arms = fill(new SagaDraft(this.shared, 'parallel'));
    if (arms.drafts.length < 2) throw new DefinitionError(subject, 'arms', 'needs at least two steps');
    const names = arms.drafts.map((draft) => draft.name);
    return this.add(name, (next) => [
      { kind: 'parallel', name, as: undefined, next, maximumVisits: DEFAULT_MAXIMUM_VISITS, arms: names },
      ...arms.drafts.flatMap((draft) => draft.link(next)),
    ]);
  }

  branch(
    name: string,
    choose: (data: never) => string,
    arms: Readonly<Record<string, (arm: SagaDraft) => SagaDraft>>,
  ): this {
    const subject = this.take(name);
    checkFunction(subject, 'choose', choose, 'that gives the name of an arm');
    const entries = Object.entries(arms);
    if (entries.length === 0) throw new DefinitionError(subject, 'arms', 'needs at least one arm');
    const filled = entries.map(([arm, fill]) => {
      const draft: unknown = fill(new SagaDraft(this.shared, 'branch'));
      if (draft instanceof SagaDraft) return { arm, draft };
      throw new DefinitionError(subject, `arms.${arm}`, 'must give the arm back: (arm) => arm.step(…)');
    });
    const firsts = filled.map(({ arm, draft }) => [arm, draft.drafts[0]?.name] as const);
    return this.add(name, (next) => [
      {
        kind: 'branch',
        name,
        as: undefined,
        next,
        maximumVisits: DEFAULT_MAXIMUM_VISITS,
        arms: Object.fromEntries(firsts),
        choose,
      },
      ...filled.flatMap(({ draft }) => linkAll(draft.drafts, next)),
    ]);
  }

  child(name: string, options: UncheckedChild): this {
    const subject = this.take(name);
    checkOptions(subject, '', options, CHILD_OPTIONS);
    if (this.shared.pivot !== undefined) {
      throw new DefinitionError(
        subject,
        undefined,
        'after the pivot nothing can be undone, so no child saga can run',
      );
    }
    const { saga: child } = options;
    if (
      typeof child !== 'object' ||
      typeof child.name !== 'string' ||
      !Number.isInteger(child.version) ||
      child.version < 1
    ) {
      throw new DefinitionError(subject, 'saga', 'must be a saga made with saga()');
    }
    checkFunction(subject, 'with', options.with, 'that builds the input');
    return this.addNode({
      kind: 'child',
      class: 'compensatable',
      name,
      as: this.takeReply(subject, options.as),
      maximumVisits: readVisits(subject, options.maximumVisits),
      saga: { name: child.name, version: child.version },
      payload: options.with,
    });
  }

  sleep(name: string, until: Duration | ((data: never) => number | string | Date)): this {
    const subject = this.take(name);
    if (typeof until !== 'function') readDuration(subject, 'duration', until);
    return this.addNode({
      kind: 'sleep',
      name,
      as: undefined,
      maximumVisits: DEFAULT_MAXIMUM_VISITS,
      until: typeof until === 'function' ? until : () => until,
    });
  }

  waitFor(name: string, options: UncheckedWait): this {
    const subject = this.take(name);
    checkOptions(subject, '', options, WAIT_OPTIONS);
    if (!Array.isArray(options.signals) || options.signals.length === 0) {
      throw new DefinitionError(subject, 'signals', 'needs at least one signal made with signal()');
    }
    return this.addNode({
      kind: 'wait',
      name,
      as: this.takeReply(subject, options.as),
      maximumVisits: readVisits(subject, options.maximumVisits),
      signals: options.signals,
      timeoutMs: readTimeout(subject, 'timeout', options.timeout),
    });
  }

  onCall(
    contract: CallContract,
    options: { readonly as?: string; readonly handle: CallHandler['handle'] },
  ): this {
    const subject = `saga '${this.shared.saga}', call '${contract.name}'`;
    checkOptions(subject, '', options, CALL_OPTIONS);
    checkFunction(subject, 'handle', options.handle, 'that answers the call');
    if (this.shared.calls.some(({ call }) => call.name === contract.name)) {
      throw new DefinitionError(subject, undefined, 'is handled already');
    }
    const as = this.takeReply(subject, options.as);
    this.shared.calls.push({ call: contract, as, handle: options.handle });
    return this;
  }

  build(output: SagaDefinition['output'] = () => undefined): SagaDefinition {
    const { saga: name, options, calls } = this.shared;
    const subject = `saga '${name}'`;
    const [first] = this.drafts;
    if (first === undefined) {
      throw new DefinitionError(subject, undefined, 'has no steps; add at least one with .step()');
    }
    const nodes = linkAll(this.drafts, undefined);
    checkJumps(subject, nodes, this.shared.pivot);
    checkSignals(name, nodes);
    const structure = {
      name,
      version: options.version,
      steps: nodes.map(structureOf),
      calls: calls.length > 0 ? calls.map(({ call, as }) => ({ name: call.name, as })) : undefined,
    };
    return Object.freeze({
      name,
      version: options.version,
      hash: hash64(canonicalJson(structure)),
      input: options.input,
      retry: options.retry && readRetry(subject, options.retry),
      timeoutMs: readTimeout(subject, 'timeout', options.timeout),
      deadlineMs: readTimeout(subject, 'deadline', options.deadline),
      first: first.name,
      nodes,
      calls,
      output,
    });
  }

  private addStep(name: string, stepClass: StepClass, options: UncheckedStep): this {
    const subject = this.take(name);
    const known = this.place === 'parallel' ? ARM_OPTIONS : NEVER_UNDONE_OPTIONS;
    checkOptions(subject, '', options, stepClass === 'compensatable' ? [...known, 'undo'] : known);
    const { as, undo, probe } = options;
    return this.addNode({
      kind: 'step',
      ...readCommand(subject, '', options),
      ...readWaysBack(subject, options),
      name,
      class: stepClass,
      as: this.takeReply(subject, as),
      maximumVisits: readVisits(subject, options.maximumVisits),
      undo: undo && readCommand(subject, 'undo.', undo),
      probe: probe && readCommand(subject, 'probe.', probe),
    });
  }

  private addNode(node: Unlinked<SagaNode>): this {
    return this.add(node.name, (next) => [{ ...node, next }]);
  }

  private add(name: string, link: Draft['link']): this {
    this.drafts.push({ name, link });
    return this;
  }

  private subject(name: string): string {
    return `saga '${this.shared.saga}', step '${name}'`;
  }

  private take(name: string): string {
    const subject = this.subject(name);
    checkStepName(subject, name);
    if (this.shared.names.has(name)) {
      throw new DefinitionError(subject, 'name', 'there is already a step of this name');
    }
    this.shared.names.add(name);
    return subject;
  }

  private takeReply(subject: string, as: string | undefined): string | undefined {
    if (as === undefined) return undefined;
    checkDataName(subject, as);
    if (this.shared.replies.has(as)) {
      throw new DefinitionError(subject, 'as', `'${as}' is taken by an earlier step; names are write-once`);
    }
    this.shared.replies.add(as);
    return as;
  }
}

/** Each draft is followed by the one after it, the last by `next`. */
function linkAll(drafts: readonly Draft[], next: string | undefined): SagaNode[] {
  return drafts.flatMap((draft, index) => draft.link(drafts[index + 1]?.name ?? next));
}

function readWaysBack(
  subject: string,
  { send, jump = () => undefined, onRejected = {} }: UncheckedStep,
): Pick<StepNode, 'jump' | 'onRejected'> {
  checkFunction(subject, 'jump', jump, 'that names the step to go back to');
  const { type, rejections } = send;
  for (const code of Object.keys(onRejected)) {
    if (rejections.length === 0 || rejections.includes(code)) continue;
    const problem = `'${type}' has no such rejection; it has ${rejections.join(', ')}`;
    throw new DefinitionError(subject, `onRejected.${code}`, problem);
  }
  return { jump, onRejected };
}

function readCommand(subject: string, prefix: string, options: UncheckedCommand): CommandTemplate {
  if (prefix !== '') checkOptions(subject, prefix, options, COMMAND_OPTIONS);
  if (typeof options.send !== 'object' || typeof options.send.type !== 'string') {
    throw new DefinitionError(subject, `${prefix}send`, 'must be a contract made with command()');
  }
  checkFunction(subject, `${prefix}with`, options.with, 'that builds the payload');
  return {
    command: options.send,
    payload: options.with,
    retry: options.retry && readRetry(prefix ? `${subject}, ${prefix.slice(0, -1)}` : subject, options.retry),
    timeoutMs: readTimeout(subject, `${prefix}timeout`, options.timeout),
  };
}

function readVisits(subject: string, value: number | undefined): number {
  if (value === undefined) return DEFAULT_MAXIMUM_VISITS;
  checkWhole(subject, 'maximumVisits', value, 1, 1_000);
  return value;
}

function checkFunction(subject: string, option: string, value: unknown, purpose: string): void {
  if (typeof value !== 'function')
    throw new DefinitionError(subject, option, `must be a function ${purpose}`);
}

/** A signal comes with its name alone, so one name has one class of data in all of a saga's waits. */
function checkSignals(saga: string, nodes: readonly SagaNode[]): void {
  const known = new Map<string, { readonly wait: string; readonly data: DataClass<object> }>();
  for (const node of nodes) {
    if (node.kind !== 'wait') continue;
    for (const { name, data } of node.signals) {
      const before = known.get(name);
      if (before !== undefined && before.data !== data) {
        throw new DefinitionError(
          `saga '${saga}', step '${node.name}'`,
          'signals',
          `'${name}' has another class of data in '${before.wait}'; use one class for both, or another name`,
        );
      }
      known.set(name, { wait: node.name, data });
    }
  }
}

/** Jumps lead back, or to the step itself, and never over the pivot: only so are all replies there that a step reads. */
function checkJumps(saga: string, nodes: readonly SagaNode[], pivot: string | undefined): void {
  for (const [index, node] of nodes.entries()) {
    if (node.kind !== 'step') continue;
    for (const [code, target] of Object.entries(node.onRejected)) {
      const problem = jumpProblem(nodes, index, target, pivot);
      if (problem !== undefined) {
        throw new DefinitionError(`${saga}, step '${node.name}'`, `onRejected.${code}`, problem);
      }
    }
  }
}

/** Why a jump from the node at `from` to the node named `target` cannot be; nothing when it can. */
export function jumpProblem(
  nodes: readonly SagaNode[],
  from: number,
  target: string,
  pivot = nodes.find((node) => node.kind === 'step' && node.class === 'pivot')?.name,
): string | undefined {
  const to = nodes.findIndex(({ name }) => name === target);
  if (to < 0) return `there is no step '${printable(target, 100)}'`;
  if (to > from) return `'${target}' lies ahead; jumps lead back, a branch leads on`;
  const pivotAt = nodes.findIndex(({ name }) => name === pivot);
  if (pivotAt >= 0 && to <= pivotAt && from > pivotAt) return `'${target}' lies before the pivot '${pivot}'`;
  const isArm = nodes.some((node) => node.kind === 'parallel' && node.arms.includes(target));
  return isArm ? `'${target}' is inside a parallel` : undefined;
}

/** Everything that a running instance depends on; see `SagaDefinition.hash` for what is left out. */
function structureOf(node: SagaNode): object {
  const { kind, name, as, next } = node;
  switch (kind) {
    case 'step':
      return {
        name,
        class: node.class,
        as,
        next,
        command: node.command.type,
        rejections: node.command.rejections,
        undo: node.undo?.command.type,
        probe: node.probe?.command.type,
        onRejected: node.onRejected,
      };
    case 'child':
      return { kind, name, as, next, saga: node.saga.name };
    case 'parallel':
    case 'branch':
      return { kind, name, next, arms: node.arms };
    case 'sleep':
      return { kind, name, next };
    case 'wait':
      return { kind, name, as, next, signals: node.signals.map((signal) => signal.name) };
  }
}
