import {
  type AnySaga,
  type CallAnswer,
  type CallContract,
  type CommandContract,
  type Duration,
  historyEntry,
  type InputOf,
  type JsonObject,
  mayReject,
  type Message,
  type NamespaceDefaults,
  type OperatorAction,
  type OutputOf,
  owedMessage,
  parseCommandId,
  readDuration,
  type RejectionOf,
  type ReplyOf,
  type ReplyOutcome,
  type RequestOf,
  RequestType,
  type SagaEvent,
  type SagaInstance,
  type SignalContract,
  timelineText,
  transition,
} from '@skald/core';
import { validateData } from '@skald/ports';
import { DefinitionRegistry } from '@skald/runtime';
import { contains, shown } from './contains.js';
import { StoryError } from './story-error.js';
import { undeclaredMembers } from './undeclared.js';

type Untimed<E> = E extends unknown ? Omit<E, 'at' | 'random'> : never;
type DataOf<S extends SignalContract> = S extends SignalContract<string, infer Data> ? Data : never;
type CallRequestOf<C extends CallContract> = C extends CallContract<string, infer Request> ? Request : never;

export interface StoryOptions {
  /** When the story begins, in milliseconds since 1970. Default: the first of January 2026. */
  readonly startAt?: number;
  /** Decides all jitter: from 0 (inclusive) to 1 (exclusive). Default: 0.5, which is no jitter. */
  readonly random?: number;
  /** What the namespace sets where the saga says nothing. Default: nothing. */
  readonly defaults?: NamespaceDefaults;
}

/** A command that was sent and not spoken of yet. */
interface Sent {
  readonly message: Message;
  /** A further attempt of a command that the story leaves unanswered: it need not be spoken of. */
  readonly isRepeated: boolean;
}

/**
 * Tells the story of one saga: which commands it sends, what the participants answer, how it ends. No broker, no
 * database, no real time: the story is the engine itself, and the clock moves when it is told to.
 *
 *     given(OrderSaga, { item: 'hat', amount: 3 })
 *       .expectCommand(ReserveStock, { item: 'hat' }).reply({ reservationId: 'r-1' })
 *       .expectCommand(Charge).reject('no_money')
 *       .expectCommand(ReleaseStock).reply()
 *       .expectCompensated();
 *
 * The saga is registered as an orchestrator does it. Inputs, payloads, replies, rejections, signals, calls and answers are
 * checked against their contracts as on the wire; and what the wire leaves out without a word, a member that no class
 * declares, fails the story with its name. After every event the instance is stored and loaded. A function of the saga that
 * changes the data which it is given suspends it here. An expectation that is not met throws a `StoryError` with the timeline.
 *
 * @throws StoryError when the input does not fit its class
 * @throws DefinitionError when no orchestrator would register the saga: its policies do not go together
 */
export function given<S extends AnySaga>(
  saga: S,
  input: InputOf<S>,
  options: StoryOptions = {},
): Story<OutputOf<S>> {
  return new Story(saga, input, options);
}

/** @see given */
export class Story<Output = unknown> {
  private readonly sent: Sent[] = [];
  private readonly silent = new Set<string>();
  private readonly undone: string[] = [];
  private readonly timeline: string[] = [];
  private readonly random: number;
  private now: number;
  private current: SagaInstance | null = null;
  private lastAnswer: CallAnswer | undefined;
  private messages = 0;
  private readonly saga: AnySaga;

  constructor(saga: AnySaga, input: object, options: StoryOptions) {
    const definitions = new DefinitionRegistry(options.defaults);
    this.saga = definitions.register(saga);
    this.now = options.startAt ?? Date.parse('2026-01-01T00:00:00Z');
    this.random = options.random ?? 0.5;
    this.check(saga.input, input, `the input of '${saga.name}'`);
    this.happens({ kind: 'started', namespace: 'story', id: 'story', input: { ...input } });
  }

  /** The saga as it is now. */
  get instance(): SagaInstance {
    if (this.current === null) throw new Error('the story has not begun');
    return this.current;
  }

  /** What happened so far, a line each. */
  get history(): readonly string[] {
    return this.timeline;
  }

  /**
   * Expects that this command was sent.
   *
   * @param payload the members that are given must be in it
   */
  expectCommand<C extends CommandContract>(
    contract: C,
    payload?: Partial<RequestOf<C>>,
  ): ExpectedCommand<C, Output> {
    const message = this.take(`'${contract.type}'`, payload, ({ type }) => type === contract.type);
    this.check(contract.request, message.data, `the payload of '${contract.type}'`);
    return new ExpectedCommand(this, message, contract, this.listener());
  }

  /** Expects that this child saga was started. Its outcome is told with `reply` or `reject`. */
  expectChild<S extends AnySaga>(saga: S, input?: Partial<InputOf<S>>): ExpectedChild<OutputOf<S>, Output> {
    const what = `the start of child saga '${saga.name}'`;
    const message = this.take(what, input && { input }, isAbout(RequestType.start, saga));
    return new ExpectedChild(this, message, this.listener());
  }

  /** Expects that this child saga is compensated. */
  expectChildCompensation(saga: AnySaga): ExpectedChild<void, Output> {
    const message = this.take(
      `the compensation of child saga '${saga.name}'`,
      undefined,
      isAbout(RequestType.undo, saga),
    );
    return new ExpectedChild(this, message, this.listener());
  }

  /** Expects that nothing was sent that the story has not spoken of. */
  expectNothing(): this {
    const unexpected = this.unspoken().map(({ message }) => describe(message));
    if (unexpected.length > 0) this.fail(`Nobody expected ${unexpected.join(', ')}.`);
    return this;
  }

  /**
   * Moves the clock, and lets every timeout, retry, pause and deadline on the way happen at its time. It stops early when
   * a command is sent that the story has not spoken of, so that it can be answered in time.
   */
  advance(duration: Duration): this {
    const end = this.now + readDuration('advance()', 'duration', duration);
    for (let { wakeAt } = this.instance; wakeAt !== null && wakeAt <= end; { wakeAt } = this.instance) {
      this.now = Math.max(this.now, wakeAt);
      const { revision } = this.instance;
      const spokenOf = this.unspoken().length;
      this.happens({ kind: 'timer' });
      if (this.unspoken().length > spokenOf) return this;
      if (this.instance.revision === revision) break;
    }
    this.now = end;
    return this;
  }

  /** Sends a signal to the saga. The same `messageId` again is a copy. */
  signal<S extends SignalContract>(contract: S, data: DataOf<S>, messageId = this.nextMessageId()): this {
    this.check(contract.data, data, `the data of signal '${contract.name}'`);
    this.happens({ kind: 'signal', messageId, signal: contract.name, data });
    return this;
  }

  /** Calls the saga; `expectAnswer` or `expectNo` speak of what it says. */
  call<C extends CallContract>(
    contract: C,
    request: CallRequestOf<C>,
    messageId = this.nextMessageId(),
  ): this {
    this.check(contract.request, request, `the request of call '${contract.name}'`);
    this.happens({ kind: 'call', messageId, call: contract.name, request: { ...request } as JsonObject });
    return this;
  }

  /** Expects what the last call was answered. */
  expectAnswer(answer: object): this {
    const { lastAnswer } = this;
    if (lastAnswer?.kind !== 'answered' || !contains(lastAnswer.data, answer)) {
      this.fail(`The last call should have been answered ${shown(answer)}, and was ${shown(lastAnswer)}.`);
    }
    return this;
  }

  /** Expects that the last call was rejected with this code. */
  expectNo(code: string): this {
    const { lastAnswer } = this;
    if (lastAnswer?.kind !== 'rejected' || lastAnswer.code !== code) {
      this.fail(`The last call should have been rejected with '${code}', and was ${shown(lastAnswer)}.`);
    }
    return this;
  }

  /** Cancels the saga from outside. */
  cancel(reason = 'cancelled in the story'): this {
    this.happens({ kind: 'cancel', reason });
    return this;
  }

  /** Does what an operator does. */
  operate(action: OperatorAction): this {
    this.happens({ kind: 'operator', action, note: { actor: 'operator', reason: 'in the story' } });
    return this;
  }

  /** Does something that must be refused with this code. */
  expectRefused(code: string, act: (story: this) => unknown): this {
    try {
      act(this);
    } catch (error) {
      if (error instanceof StoryRefusal && error.code === code) return this;
      throw error;
    }
    return this.fail(`It should have been refused with '${code}', and was granted.`);
  }

  /** @param output the members that are given must be in it */
  expectCompleted(output?: Partial<Output>): this {
    this.expectStatus('completed').expectNothing();
    if (output !== undefined && !contains(this.instance.output, output)) {
      this.fail(`The output should contain ${shown(output)}, and is ${shown(this.instance.output)}.`);
    }
    return this;
  }

  /** @param steps exactly the steps that were undone, in the order in which they were */
  expectCompensated(steps?: readonly string[]): this {
    this.expectStatus('compensated').expectNothing();
    if (steps !== undefined && JSON.stringify(steps) !== JSON.stringify(this.undone)) {
      this.fail(`Undone should be ${shown(steps)}, and are ${shown(this.undone)}.`);
    }
    return this;
  }

  /** @param reason the members that are given must be in the reason why it is suspended */
  expectSuspended(reason: Partial<NonNullable<SagaInstance['suspension']>> = {}): this {
    this.expectStatus('suspended');
    if (!contains(this.instance.suspension, reason)) {
      this.fail(
        `It should be suspended for ${shown(reason)}, and is for ${shown(this.instance.suspension)}.`,
      );
    }
    return this;
  }

  expectStatus(status: SagaInstance['status']): this {
    if (this.instance.status !== status) {
      this.fail(`The saga should be ${status}, and is ${this.instance.status}${this.waitingText()}.`);
    }
    return this;
  }

  private unspoken(): Sent[] {
    return this.sent.filter(({ isRepeated }) => !isRepeated);
  }

  private listener(): (message: Message, outcome: ReplyOutcome | undefined) => void {
    return (message, outcome) => {
      if (outcome === undefined) {
        this.silent.add(message.id);
        return;
      }
      this.silent.delete(message.id);
      const command = parseCommandId(message.id);
      if (outcome.kind === 'succeeded' && command.direction === 'undo') this.undone.push(command.step);
      this.happens({ kind: 'reply', command, attempt: message.attempt, outcome });
    };
  }

  private happens(event: Untimed<SagaEvent>): void {
    const full: SagaEvent = stored({ ...event, at: this.now, random: this.random });
    const after = transition(this.saga, this.current, full);
    if (after === null) throw new Error(`'${event.kind}' came before the saga was started`);
    if (after.refused !== undefined)
      throw new StoryRefusal(after.refused.code, after.refused.message, this.timeline);
    if (after.answer !== undefined) this.lastAnswer = after.answer;
    if (after.instance === this.current) return;
    this.note(timelineText(historyEntry(this.current, full, after)));
    this.current = stored(after.instance);
    for (const effect of after.effects) {
      if (effect.kind !== 'send') continue;
      const owed = owedMessage(this.saga, this.current, effect.commandId);
      if (owed === undefined) continue;
      const isRepeated = this.silent.has(effect.commandId);
      this.sent.push({ message: JSON.parse(JSON.stringify(owed.message)) as Message, isRepeated });
    }
  }

  private take(what: string, payload: object | undefined, fits: (message: Message) => boolean): Message {
    const candidates = this.sent.filter(({ message }) => fits(message));
    const found = candidates.find(({ message }) => payload === undefined || contains(message.data, payload));
    if (found === undefined) {
      const instead =
        candidates.length > 0
          ? `it was sent with ${candidates.map(({ message }) => shown(message.data)).join(' and ')}, not with ${shown(payload)}`
          : `what was sent is ${this.sent.map(({ message }) => describe(message)).join(', ') || 'nothing'}`;
      return this.fail(`Expected ${what}; ${instead}${this.waitingText()}.`);
    }
    this.sent.splice(this.sent.indexOf(found), 1);
    return found.message;
  }

  /** @internal */
  check(type: new () => object, data: unknown, what: string): void {
    const checked = validateData(type, data);
    if ('problems' in checked) this.fail(`${what} does not fit its class: ${checked.problems.join('; ')}.`);
    const undeclared = undeclaredMembers(data, checked.data);
    if (undeclared.length === 0) return;
    this.fail(
      `${what} has members that ${type.name} does not declare, and that are left out on the way: ${undeclared.join(', ')}.`,
    );
  }

  /** @internal */
  checkRejection(contract: CommandContract, code: string): void {
    if (mayReject(contract, code)) return;
    this.fail(
      `'${contract.type}' has no rejection ${shown(code)}; it has ${contract.rejections.join(', ')}.`,
    );
  }

  /** @internal */
  checkCompensation({ compensates, type }: Message): void {
    if (compensates === undefined) this.fail(`'${type}' is no compensation here: it has something to do.`);
  }

  private note(line: string): void {
    this.timeline.push(`${new Date(this.now).toISOString().slice(5, 23).replace('T', ' ')}  ${line}`);
  }

  private fail(problem: string): never {
    throw new StoryError(problem, this.timeline);
  }

  private nextMessageId(): string {
    this.messages += 1;
    return `message-${this.messages}`;
  }

  private waitingText(): string {
    const { wakeAt } = this.instance;
    return wakeAt === null ? '' : ` (the next timer is due in ${(wakeAt - this.now) / 1_000} s)`;
  }
}

/** What comes back from a database; nothing may change it, as the functions of a saga run again and again on it. */
function stored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, member: unknown) => Object.freeze(member)) as T;
}

/** The saga refused what the story did. */
class StoryRefusal extends StoryError {
  constructor(
    readonly code: string,
    message: string,
    timeline: readonly string[],
  ) {
    super(`Refused with '${code}': ${message}.`, timeline);
  }
}

type Listener = (message: Message, outcome: ReplyOutcome | undefined) => void;

/** A command that was expected and came: what does its participant answer? */
export class ExpectedCommand<C extends CommandContract, Output> {
  constructor(
    private readonly story: Story<Output>,
    private readonly message: Message,
    private readonly contract: C,
    private readonly answer: Listener,
  ) {}

  /** It answers with success. */
  reply(...[data]: ReplyOf<C> extends void ? [] : [ReplyOf<C>]): Story<Output> {
    if (this.contract.reply !== undefined) {
      this.story.check(this.contract.reply, data, `the reply to '${this.contract.type}'`);
    }
    return this.tell({ kind: 'succeeded', data: data ?? null });
  }

  /** Of a compensation: its action never came, so that the participant's barrier answers, and nothing is undone. */
  nothingToUndo(): Story<Output> {
    this.story.checkCompensation(this.message);
    return this.tell({ kind: 'succeeded', data: null });
  }

  /** It says a business no. */
  reject(code: RejectionOf<C>, message = ''): Story<Output> {
    this.story.checkRejection(this.contract, code);
    return this.tell({ kind: 'rejected', code, message });
  }

  /** It fails; the saga tries again as the policy says. */
  fail(code = 'handler_failed', message = ''): Story<Output> {
    return this.tell({ kind: 'failed', code, message });
  }

  /** It never answers, whatever comes; further attempts need not be spoken of. */
  noReply(): Story<Output> {
    return this.tell(undefined);
  }

  private tell(outcome: ReplyOutcome | undefined): Story<Output> {
    this.answer(this.message, outcome);
    return this.story;
  }
}

/** A child saga that was expected: how does it end? */
export class ExpectedChild<ChildOutput, Output> {
  constructor(
    private readonly story: Story<Output>,
    private readonly message: Message,
    private readonly answer: Listener,
  ) {}

  /** It completes with this output; or, asked to compensate, it has. */
  reply(...[output]: ChildOutput extends void ? [] : [ChildOutput]): Story<Output> {
    this.answer(this.message, { kind: 'succeeded', data: output ?? null });
    return this.story;
  }

  /** It is compensated instead, for a reason of this code; or, asked to compensate, it cannot. */
  reject(code: string, message = ''): Story<Output> {
    this.answer(this.message, { kind: 'rejected', code, message });
    return this.story;
  }
}

function isAbout(type: string, saga: AnySaga): (message: Message) => boolean {
  return (message) => message.type === type && contains(message.data, { definition: saga.name });
}

function describe({ type, step, attempt, data }: Message): string {
  return `'${type}' of step '${step}'${attempt === 1 ? '' : ` (attempt ${attempt})`} with ${shown(data)}`;
}
