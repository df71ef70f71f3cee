import {
  type AnySaga,
  armsParallel,
  canBeUndone,
  nodeNamed,
  type ParallelNode,
  type SagaData,
  type SagaNode,
  type StepNode,
} from './definition.js';
import { dataOf, dataSeen, lastSuccess, withValue } from './data-seen.js';
import { checkPayload, chosenArm, defect, jumpTarget, outputOf, wakeTime } from './definition-calls.js';
import { isNews, type Postponed, postponing, type TimerEvent } from './due-commands.js';
import type { Effect, LifecycleEvent, SagaEvent, Transition } from './events.js';
import { answeringEvent, type Direction } from './ids.js';
import {
  commandIdOf,
  type Exchange,
  exchangeOf,
  type Failure,
  isEnded,
  isOpen,
  lifecycleIdOf,
  type ReplacedValue,
  roundOf,
  type SagaInstance,
  type Visit,
} from './instance.js';
import { isPastPivot } from './pivot.js';
import { effectivePolicy } from './policy.js';
import { isFinalFailure, retryDelayMs } from './retry-policy.js';
import type { Mutable } from './mutable.js';
import { jumpProblem } from './saga-draft.js';

/**
 * The changes that one event makes: what every kind of event is put together from. Mutable inside one call of
 * `transition`, and never seen outside.
 */
export class Turn {
  readonly effects: Effect[] = [];
  readonly next: Mutable<SagaInstance>;
  private visits: Visit[];

  constructor(
    readonly definition: AnySaga,
    instance: SagaInstance,
    readonly event: SagaEvent,
  ) {
    this.visits = [...instance.visits];
    this.next = { ...instance, revision: instance.revision + 1, updatedAt: event.at };
  }

  end(): Transition {
    this.next.visits = this.visits;
    this.next.wakeAt = this.wakeAt();
    return { instance: this.next, effects: this.effects };
  }

  visit(index: number): Visit {
    const visit = this.visits[index];
    if (visit === undefined) throw new Error(`there is no visit ${index}`);
    return visit;
  }

  allVisits(): readonly Visit[] {
    return this.visits;
  }

  nodeOf(index: number): SagaNode {
    return nodeNamed(this.definition, this.visit(index).step);
  }

  /** What the definition's functions see. */
  data(): SagaData {
    return dataOf(this.next);
  }

  private dataSeen(index: number, direction: Direction): SagaData {
    const { input, results, replaced = [] } = this.next;
    return dataSeen(this.definition, { input, results, replaced, visits: this.visits }, index, direction);
  }

  /** Goes on from where nothing is pending: to the next step, the next compensation, or the end. */
  advance(): void {
    if (this.next.status === 'running') this.deliverSignals();
    if (this.visits.some((visit) => isAwaited(visit))) return;
    if (this.next.status === 'running') {
      const stuck = this.stuck();
      if (this.next.failure !== undefined) this.turnBack();
      else if (stuck !== undefined) this.suspend(stuck);
      else if (this.isDecided()) this.advanceForward();
    } else if (this.next.status === 'compensating') {
      this.advanceBackward();
    }
  }

  /** Writes down how a command stands now. */
  settle(index: number, direction: Direction, exchange: Exchange): void {
    const visit = this.visit(index);
    this.visits[index] =
      direction === 'do' ? { ...visit, action: exchange } : { ...visit, [direction]: exchange };
  }

  /** A node has done its work: keeps what it gave, and follows a jump if it makes one. */
  succeed(index: number, reply: unknown): void {
    const { step, action } = this.visit(index);
    this.settle(index, 'do', { state: 'succeeded', attempt: action.attempt, ...roundOf(action) });
    this.effects.push({ kind: 'publish', event: 'step-done', id: this.eventId(`step-done.${index}`) });
    const node = nodeNamed(this.definition, step);
    if (node.as !== undefined) this.keep(node.as, reply ?? null, index);
    if (node.kind === 'step' && this.next.failure === undefined) this.followJump(index, node);
  }

  /**
   * Sends an attempt of a command and starts waiting for its reply. One that has no payload stops the saga, which is then
   * stuck on that command.
   */
  send(index: number, direction: Direction, exchange: Omit<Exchange, 'state' | 'dueAt'>): void {
    const problem = this.payloadProblem(this.nodeOf(index), direction, index);
    if (problem === undefined) {
      this.dispatch(index, direction, exchange);
      return;
    }
    const last = exchangeOf(this.visit(index), direction);
    if (last === undefined || isOpen(last)) {
      const { code, message } = problem;
      const { attempt, ...rest } = last === undefined ? { attempt: 0 } : closed(last);
      this.settle(index, direction, { ...rest, attempt, state: 'failed', code, message });
    }
    this.suspend({ ...problem, direction });
  }

  /** Sends what is known to have a payload. */
  private dispatch(index: number, direction: Direction, exchange: Omit<Exchange, 'state' | 'dueAt'>): void {
    const { step, visit } = this.visit(index);
    const node = nodeNamed(this.definition, step);
    const { timeoutMs } = effectivePolicy(this.definition, node, direction);
    const { attempt, unanswered, forgiven } = exchange;
    this.settle(index, direction, {
      state: 'pending',
      attempt,
      ...(timeoutMs !== undefined && { dueAt: this.event.at + timeoutMs }),
      ...(unanswered !== undefined && { unanswered }),
      ...(forgiven !== undefined && { forgiven }),
      ...roundOf(exchange),
    });
    const commandId = commandIdOf(this.next, this.visit(index), direction);
    this.effects.push({ kind: 'send', commandId, step, direction, visit, attempt });
  }

  /**
   * Says of commands that are still to be sent, or lie unread at their participants, that they do; and gives those their time
   * anew that are sent at last.
   *
   * @returns false when there is nothing to say
   */
  notePostponed(postponed: readonly Postponed[]): boolean {
    let hasNews = false;
    for (const { index, direction, reason, until } of postponed) {
      const { step, visit, ...exchanges } = this.visit(index);
      const exchange = direction === 'do' ? exchanges.action : exchanges[direction];
      if (exchange === undefined || reason === 'backlog' || reason === 'budget') continue;
      if (!isNews(exchange, reason)) continue;
      const { unsent: _, ...rest } = exchange;
      if (reason === 'sent') this.settle(index, direction, { ...rest, dueAt: until });
      else if (reason === 'unsent') this.settle(index, direction, { ...exchange, unsent: true });
      else this.settle(index, direction, { ...exchange, queued: true });
      this.effects.push({ kind: reason, step, direction, visit, attempt: exchange.attempt });
      hasNews = true;
    }
    return hasNews;
  }

  /** After an attempt that failed or was not answered. */
  retryOrGiveUp(index: number, direction: Direction, exchange: Exchange): void {
    const { step, visit } = this.visit(index);
    const node = this.nodeOf(index);
    const { retry } = effectivePolicy(this.definition, node, direction);
    const counted = exchange.attempt - (exchange.forgiven ?? 0);
    // A child saga that has failed has ended: it would only say so again.
    const isHopeless =
      node.kind === 'child' || (exchange.code !== undefined && isFinalFailure(retry, exchange.code));
    if (counted < retry.maximumAttempts && !isHopeless) {
      const at = this.event.at + retryDelayMs(retry, counted, this.event.random);
      this.settle(index, direction, { ...closed(exchange), state: 'waiting', dueAt: at });
      this.effects.push({ kind: 'retry', step, direction, visit, attempt: exchange.attempt + 1, at });
      return;
    }
    const outcome = exchange.unanswered === undefined ? 'failed' : 'unknown';
    this.settle(index, direction, { ...closed(exchange), state: outcome });
    const { code = outcome, message = '' } = exchange;
    this.giveUp(index, { step, outcome, code, message, direction });
  }

  /** A command that is not tried again. */
  giveUp(index: number, failure: Failure & { readonly direction: Direction }): void {
    const node = this.nodeOf(index);
    if (failure.direction === 'undo') {
      this.suspend(failure);
    } else if (failure.direction === 'probe') {
      this.giveUpUnknown(index, node);
    } else if (failure.outcome === 'rejected') {
      this.giveUpRejected(node, failure);
    } else if (node.kind === 'step' && node.probe !== undefined) {
      this.send(index, 'probe', { attempt: 1 });
    } else {
      this.giveUpUnknown(index, node);
    }
  }

  /** The forward part is over: the others that run beside it are awaited, then everything is undone. */
  fail(failure: Failure): void {
    this.next.failure ??= failure;
    this.advance();
  }

  suspend(suspension: Failure): void {
    const { status } = this.next;
    if (status === 'running' || status === 'compensating') this.next.resumeTo = status;
    this.next.status = 'suspended';
    this.next.suspension = suspension;
    this.publish('suspended');
  }

  /** Undoes what was done. Whatever is still pending counts as possibly done. */
  turnBack(failure: Failure | undefined = this.next.failure): void {
    for (const [index, visit] of this.visits.entries()) {
      if (isOpen(visit.probe)) this.settle(index, 'probe', { ...closed(visit.probe), state: 'cancelled' });
      if (!isOpen(visit.action)) continue;
      const sends = this.nodeOf(index).kind === 'step' || this.nodeOf(index).kind === 'child';
      this.settle(index, 'do', { ...closed(visit.action), state: sends ? 'unknown' : 'cancelled' });
    }
    if (failure !== undefined) this.next.failure = failure;
    delete this.next.suspension;
    delete this.next.resumeTo;
    this.next.status = 'compensating';
    this.publish('compensating');
    this.advanceBackward();
  }

  /** What the saga goes back to being after it was suspended. */
  unsuspend(): void {
    this.next.status = this.next.resumeTo ?? 'running';
    delete this.next.suspension;
    delete this.next.resumeTo;
  }

  terminate(): void {
    this.next.status = 'terminated';
    delete this.next.suspension;
    delete this.next.resumeTo;
    this.publish('terminated');
    if (this.next.parent !== undefined) this.answerParent(this.next.parent.undoId ? 'undo' : 'do');
  }

  /** Answers the command of the parent, of a child saga. */
  answerParent(direction: 'do' | 'undo'): void {
    if (this.next.parent === undefined) return;
    this.effects.push({ kind: 'answer', direction, id: this.eventId(`answer-${direction}`) });
  }

  /** True once the pivot may have taken effect: from then on nothing can be undone. */
  isPastPivot(): boolean {
    return isPastPivot(this.definition, this.visits);
  }

  put(name: string, value: unknown): void {
    this.next.results = { ...this.next.results, [name]: value };
  }

  /** Puts another value where the command of a visit finds it, or where all later ones do. */
  mend(as: string, value: unknown, index: number | undefined): void {
    const { input, results, replaced } = this.next;
    const known = { input, results, visits: this.visits, ...(replaced && { replaced }) };
    const mended = withValue(this.definition, known, { as, value, index });
    this.next.results = mended.results;
    this.visits = [...mended.visits];
    if (mended.replaced !== undefined) this.next.replaced = mended.replaced;
  }

  /** Keeps what a call gave; the visits that have begun go on seeing what was there before. */
  replace(as: string, value: unknown): void {
    const { results, replaced = [] } = this.next;
    const visits = this.visits.length;
    const last = replaced.findLast((one) => one.as === as);
    // No visit has seen a value that came and went between two of them.
    if (visits > (last?.visits ?? 0)) {
      const old: ReplacedValue = Object.hasOwn(results, as)
        ? { as, visits, value: results[as] }
        : { as, visits };
      this.next.replaced = [...replaced, old];
    }
    this.put(as, value);
  }

  /** Takes for done what a function of the definition has kept from going on: a node, its jump, or its compensation. */
  passOver(name: string, output: unknown): void {
    const node = nodeNamed(this.definition, name);
    if (this.next.status === 'compensating') {
      const index = this.visits.findLastIndex(
        ({ step, undo }) => step === name && undo?.state !== 'succeeded',
      );
      if (index >= 0) this.settle(index, 'undo', { state: 'succeeded', attempt: 1 });
      return;
    }
    if (this.undecided() === name) {
      this.decide(this.visits.length - 1);
      if (node.as !== undefined && output !== undefined) this.put(node.as, output);
      return;
    }
    const parallel = this.parallelOf(name);
    if (parallel !== undefined && this.halfBegun(parallel) < 0) {
      this.begin(parallel, { state: 'succeeded', attempt: 1 });
    }
    this.begin(node, { state: 'succeeded', attempt: 1 });
    if (node.as !== undefined) this.keep(node.as, output ?? null, this.visits.length - 1);
    // The other arms have still to begin.
    if (parallel !== undefined) this.next.cursor = parallel.name;
  }

  /** Whether the saga stands at this node on its way forward: it has to begin, or its jump has to be decided. */
  standsAt(name: string): boolean {
    return (
      this.undecided() === name ||
      (this.next.cursor !== null && this.next.cursor === (this.parallelOf(name)?.name ?? name))
    );
  }

  /** The step whose jump could not be told when it had succeeded. */
  undecided(): string | undefined {
    const last = this.visits.at(-1);
    return last?.undecided === true ? last.step : undefined;
  }

  /** Runs a function of the definition; if it throws, the saga is suspended. */
  defended<T>(step: string, run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      this.suspend(defect(step, error));
      return undefined;
    }
  }

  private giveUpRejected(node: SagaNode, failure: Failure): void {
    const target = wayBack(node, failure.code);
    if (target !== undefined && node.kind === 'step' && this.next.failure === undefined) {
      this.jump(node, target);
      this.advance();
    } else if (node.kind === 'step' && node.class === 'retriable') {
      this.suspend(failure);
    } else {
      this.fail(failure);
    }
  }

  /** Nobody knows whether it happened. Before the pivot it is undone; the pivot itself and what follows need a person. */
  private giveUpUnknown(index: number, node: SagaNode): void {
    const { step, action } = this.visit(index);
    const outcome = action.state === 'failed' ? 'failed' : 'unknown';
    const { code = outcome, message = '' } = action;
    const failure: Failure = { step, outcome, code, message, direction: 'do' };
    if (node.kind === 'step' && node.class !== 'compensatable') this.suspend(failure);
    else this.fail(failure);
  }

  /**
   * A step that an operator has still to decide about: two that ran beside each other may both need a person, and a
   * saga is suspended for one of them at a time.
   */
  private stuck(): Failure | undefined {
    for (const { step, action } of this.visits) {
      const { state, code = state, message = '' } = action;
      if (state !== 'rejected' && state !== 'failed' && state !== 'unknown') continue;
      const node = nodeNamed(this.definition, step);
      const hasGoneBack = state === 'rejected' && wayBack(node, code) !== undefined;
      if (!hasGoneBack) return { step, outcome: state, code, message, direction: 'do' };
    }
    return undefined;
  }

  private keep(as: string, reply: unknown, index: number): void {
    const { step } = this.visit(index);
    const earlier = lastSuccess(this.visits, step, index);
    const visit = this.visits[earlier];
    if (visit !== undefined) this.visits[earlier] = { ...visit, reply: this.next.results[as] };
    this.put(as, reply);
  }

  /** Goes where a step leads after its success. When that cannot be told, it is asked for again before the saga goes on. */
  private followJump(index: number, node: StepNode): void {
    try {
      const target = jumpTarget(node, this.data());
      if (target !== undefined) {
        const { nodes } = this.definition;
        const problem = jumpProblem(nodes, nodes.indexOf(node), target);
        if (problem !== undefined) throw new Error(`jump: ${problem}`);
        this.jump(node, target);
      }
      this.decide(index);
    } catch (error) {
      this.visits[index] = { ...this.visit(index), undecided: true };
      this.suspend(defect(node.name, error));
    }
  }

  /** Decides where to go on, if that could not be told before; false when it still cannot. */
  private isDecided(): boolean {
    const name = this.undecided();
    if (name === undefined) return true;
    const node = nodeNamed(this.definition, name);
    if (node.kind === 'step') this.followJump(this.visits.length - 1, node);
    return this.next.status === 'running';
  }

  private decide(index: number): void {
    const visit = this.visit(index);
    if (visit.undecided === undefined) return;
    const { undecided: _, ...decided } = visit;
    this.visits[index] = decided;
  }

  private jump(from: StepNode, target: string): void {
    this.next.cursor = target;
    this.effects.push({ kind: 'go', from: from.name, to: target });
  }

  private advanceForward(): void {
    while (this.next.status === 'running' && this.next.failure === undefined) {
      if (this.next.cursor === null) {
        this.complete();
        return;
      }
      this.enter(nodeNamed(this.definition, this.next.cursor));
      this.deliverSignals();
      if (this.visits.some((visit) => isAwaited(visit))) return;
    }
    if (this.next.status === 'running') this.turnBack();
  }

  private enter(node: SagaNode): void {
    if (node.kind === 'parallel') {
      this.enterParallel(node);
      return;
    }
    if (this.isVisitedTooOften(node)) return;
    switch (node.kind) {
      case 'step':
      case 'child': {
        const problem = this.payloadProblem(node, 'do');
        if (problem === undefined) this.beginCommand(node);
        else this.suspend(problem);
        return;
      }
      case 'branch': {
        const arm = this.defended(node.name, () => chosenArm(node, this.data()));
        if (arm === undefined) return;
        this.begin(node, { state: 'succeeded', attempt: 1 }, { arm });
        this.next.cursor = node.arms[arm] ?? node.next ?? null;
        this.effects.push({ kind: 'go', from: node.name, to: arm });
        return;
      }
      case 'sleep': {
        const at = this.defended(node.name, () => wakeTime(node, this.data(), this.event.at));
        if (at === undefined) return;
        const visit = this.begin(node, { state: 'waiting', attempt: 1, dueAt: at });
        this.effects.push({ kind: 'wait', step: node.name, visit, at });
        return;
      }
      case 'wait': {
        const at = node.timeoutMs === undefined ? undefined : this.event.at + node.timeoutMs;
        const visit = this.begin(node, {
          state: 'pending',
          attempt: 1,
          ...(at !== undefined && { dueAt: at }),
        });
        this.effects.push({ kind: 'wait', step: node.name, visit, ...(at !== undefined && { at }) });
      }
    }
  }

  /**
   * All arms begin, or none does: one that cannot stops the saga before another is sent. Those that an operator has taken
   * for done meanwhile stay so, and the others see nothing of them.
   */
  private enterParallel(node: ParallelNode): void {
    const begun = this.halfBegun(node);
    if (begun < 0 && this.isVisitedTooOften(node)) return;
    const done = new Set(begun < 0 ? [] : this.visits.slice(begun + 1).map(({ step }) => step));
    const arms = node.arms.filter((arm) => !done.has(arm)).map((arm) => nodeNamed(this.definition, arm));
    for (const arm of arms) {
      if (this.isVisitedTooOften(arm)) return;
      const problem = this.payloadProblem(arm, 'do', begun < 0 ? undefined : begun);
      if (problem === undefined) continue;
      this.suspend(problem);
      return;
    }
    if (begun < 0) this.begin(node, { state: 'succeeded', attempt: 1 });
    for (const arm of arms) this.beginCommand(arm);
    this.next.cursor = node.next ?? null;
  }

  /** The visit of a parallel whose arms have all still to begin but those taken for done; -1 where it has none. */
  private halfBegun(node: ParallelNode): number {
    // Between two visits of a parallel lies one of the step that goes back to it.
    const index = this.visits.findLastIndex(({ step }) => !node.arms.includes(step));
    return this.visits[index]?.step === node.name ? index : -1;
  }

  private parallelOf(arm: string): ParallelNode | undefined {
    const name = armsParallel(this.definition, arm);
    const node = name === undefined ? undefined : nodeNamed(this.definition, name);
    return node?.kind === 'parallel' ? node : undefined;
  }

  /** Begins a visit, behind which the saga goes on with the next node. Returns its number. */
  private begin(node: SagaNode, action: Exchange, more: Partial<Visit> = NOTHING_MORE): number {
    const visit = 1 + this.visitsOf(node);
    this.visits.push({ step: node.name, visit, action, ...more });
    this.next.cursor = node.next ?? null;
    return visit;
  }

  private beginCommand(node: SagaNode): void {
    const more = node.kind === 'child' ? { version: node.saga.version } : NOTHING_MORE;
    this.begin(node, { state: 'pending', attempt: 1 }, more);
    this.dispatch(this.visits.length - 1, 'do', { attempt: 1 });
  }

  private visitsOf({ name }: SagaNode): number {
    let count = 0;
    for (const { step } of this.visits) if (step === name) count += 1;
    return count;
  }

  /** A node that must not be visited again turns the saga back, or stops it where that cannot be. */
  private isVisitedTooOften(node: SagaNode): boolean {
    if (this.visitsOf(node) < node.maximumVisits) return false;
    const message = `'${node.name}' was visited ${node.maximumVisits} times already`;
    const failure: Failure = { step: node.name, outcome: 'failed', code: 'too_many_visits', message };
    if (this.isPastPivot()) this.suspend(failure);
    else this.next.failure = failure;
    return true;
  }

  /** Ends waits whose signals have arrived, also those that arrived before the wait began. */
  private deliverSignals(): void {
    for (const [index, visit] of this.visits.entries()) {
      const node = nodeNamed(this.definition, visit.step);
      if (node.kind !== 'wait' || !isOpen(visit.action)) continue;
      const inbox = this.next.inbox ?? [];
      const at = inbox.findIndex(({ signal }) => node.signals.some(({ name }) => name === signal));
      const kept = inbox[at];
      if (kept === undefined) continue;
      this.next.inbox = inbox.toSpliced(at, 1);
      this.succeed(index, { signal: kept.signal, data: kept.data });
    }
  }

  private complete(): void {
    const output = this.defended('output', () => outputOf(this.definition, this.data()));
    if (output === undefined) return;
    this.next.output = output;
    this.next.status = 'completed';
    this.publish('completed');
    this.answerParent('do');
  }

  /**
   * Undoes the newest visit that may have had an effect. A rejected or absent one had none. One that failed or is
   * unknown may have had: an attempt can have taken effect and lost its answer, and the barrier makes undoing it safe
   * either way. A compensation that was given up is never passed over: a person decides about it.
   */
  private advanceBackward(): void {
    const givenUp = this.visits.find(({ undo }) => undo?.state === 'rejected' || undo?.state === 'failed');
    if (givenUp?.undo !== undefined) {
      const { code = givenUp.undo.state, message = '', state } = givenUp.undo;
      const outcome = state === 'rejected' ? 'rejected' : 'failed';
      this.suspend({ step: givenUp.step, outcome, code, message, direction: 'undo' });
      return;
    }
    const index = this.visits.findLastIndex(
      ({ step, undo, action }) =>
        undo === undefined &&
        (action.state === 'succeeded' || action.state === 'failed' || action.state === 'unknown') &&
        canBeUndone(nodeNamed(this.definition, step)),
    );
    if (index >= 0) {
      this.send(index, 'undo', { attempt: 1 });
      return;
    }
    this.next.status = 'compensated';
    this.publish('compensated');
    if (this.next.parent !== undefined) this.answerParent(this.next.parent.undoId ? 'undo' : 'do');
  }

  /**
   * Why a command has no payload, if it has none. It is tried now, while the instance can still stop, since it is built again
   * whenever the command is sent.
   *
   * @param index of the visit whose data it sees. Default: all that is known.
   */
  private payloadProblem(node: SagaNode, direction: Direction, index?: number): Failure | undefined {
    try {
      const data = index === undefined ? this.data() : this.dataSeen(index, direction);
      checkPayload(node, direction, data);
      return undefined;
    } catch (error) {
      return defect(node.name, error);
    }
  }

  /** @param requestId of the request that the event answers, if it does */
  publish(event: LifecycleEvent, requestId?: string): void {
    const id = this.eventId(requestId === undefined ? event : answeringEvent(event, requestId));
    this.effects.push({ kind: 'publish', event, id });
  }

  private eventId(event: string): string {
    return lifecycleIdOf(this.next, event);
  }

  private wakeAt(): number | null {
    const { status, deadlineAt } = this.next;
    if (isEnded(status) || status === 'suspended') return null;
    // While the pivot is asked the deadline is kept: the pivot may say no, and the saga go back.
    const canTurnBack = status === 'running' && this.next.failure === undefined && !this.isPastPivot();
    const timer = this.event.kind === 'timer' ? this.event : NOTHING_POSTPONED;
    let earliest =
      canTurnBack && deadlineAt !== undefined
        ? (timer.deadlinePostponedTo ?? deadlineAt)
        : Number.POSITIVE_INFINITY;
    for (const [index, visit] of this.visits.entries()) {
      for (const direction of ['do', 'undo', 'probe'] as const) {
        const exchange = exchangeOf(visit, direction);
        if (!isOpen(exchange) || exchange.dueAt === undefined) continue;
        // What was sent meanwhile is due later than now.
        const isDue = exchange.dueAt <= this.event.at;
        const until = isDue ? postponing(timer, { index, direction })?.until : undefined;
        earliest = Math.min(earliest, until ?? exchange.dueAt);
      }
    }
    return Number.isFinite(earliest) ? earliest : null;
  }
}

const NOTHING_MORE: Partial<Visit> = {};
const NOTHING_POSTPONED: Pick<TimerEvent, 'postponed' | 'deadlinePostponedTo'> = {};

/** An exchange that no longer waits for anything. */
export function closed(exchange: Exchange): Exchange {
  const { dueAt: _, queued: __, unsent: ___, ...rest } = exchange;
  return rest;
}

function isAwaited({ action, undo, probe }: Visit): boolean {
  return isOpen(action) || isOpen(undo) || isOpen(probe);
}

/** Where a step goes back to after a rejection with this code, if it does. The code comes from outside. */
function wayBack(node: SagaNode, code: string): string | undefined {
  return node.kind === 'step' && Object.hasOwn(node.onRejected, code) ? node.onRejected[code] : undefined;
}
