import {
  type AnySaga,
  canBeUndone,
  nodeNamed,
  type SagaData,
  type SagaNode,
  type StepNode,
} from './definition.js';
import { dataOf, dataSeen, lastSuccess, withValue } from './data-seen.js';
import { checkPayload, chosenArm, defect, jumpTarget, outputOf, wakeTime } from './definition-calls.js';
import { type Postponed, postponing, type TimerEvent } from './due-commands.js';
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
import { retryDelayMs } from './retry-policy.js';
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
      else this.advanceForward();
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
    if (node.kind !== 'step' || this.next.failure !== undefined) return;
    const target = this.defended(step, () => jumpTarget(node, this.data()));
    if (target !== undefined) this.jump(node, target);
  }

  /** Sends an attempt of a command and starts waiting for its reply. */
  send(index: number, direction: Direction, exchange: Omit<Exchange, 'state' | 'dueAt'>): void {
    if (!this.isDefective(this.nodeOf(index), direction, index)) this.dispatch(index, direction, exchange);
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

  /** Says of commands that lie unread at their participants that they do; false when that was said of each before. */
  noteQueued(postponed: readonly Postponed[]): boolean {
    let isNews = false;
    for (const { index, direction, reason } of postponed) {
      const { step, visit, ...exchanges } = this.visit(index);
      const exchange = direction === 'do' ? exchanges.action : exchanges[direction];
      if (reason !== 'queued' || exchange?.state !== 'pending' || exchange.queued) continue;
      this.settle(index, direction, { ...exchange, queued: true });
      this.effects.push({ kind: 'queued', step, direction, visit, attempt: exchange.attempt });
      isNews = true;
    }
    return isNews;
  }

  /** After an attempt that failed or was not answered. */
  retryOrGiveUp(index: number, direction: Direction, exchange: Exchange): void {
    const { step, visit } = this.visit(index);
    const node = this.nodeOf(index);
    const { retry } = effectivePolicy(this.definition, node, direction);
    const counted = exchange.attempt - (exchange.forgiven ?? 0);
    // A child saga that has failed has ended: it would only say so again.
    const isHopeless =
      node.kind === 'child' ||
      (exchange.code !== undefined && retry.nonRetryableCodes.includes(exchange.code));
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

  /** Takes a node for done that could not begin: a command of its that was never sent, or a compensation. */
  passOver(name: string, output: unknown): void {
    const node = nodeNamed(this.definition, name);
    if (this.next.status === 'compensating') {
      const index = this.visits.findLastIndex(({ step, undo }) => step === name && undo === undefined);
      if (index >= 0) this.settle(index, 'undo', { state: 'succeeded', attempt: 1 });
      return;
    }
    const visit = 1 + this.visits.filter(({ step }) => step === name).length;
    this.visits.push({ step: name, visit, action: { state: 'succeeded', attempt: 1 } });
    if (node.as !== undefined) this.keep(node.as, output ?? null, this.visits.length - 1);
    this.next.cursor = node.next ?? null;
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
    const target = node.kind === 'step' ? node.onRejected[failure.code] : undefined;
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
      const hasGoneBack = state === 'rejected' && node.kind === 'step' && node.onRejected[code] !== undefined;
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

  private jump(from: StepNode, target: string): void {
    const { nodes } = this.definition;
    const problem = jumpProblem(nodes, nodes.indexOf(from), target);
    if (problem !== undefined) {
      this.suspend(defect(from.name, new Error(`jump: ${problem}`)));
      return;
    }
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
    const visit = 1 + this.visits.filter(({ step }) => step === node.name).length;
    if (visit > node.maximumVisits) {
      this.tooManyVisits(node);
      return;
    }
    const next = node.next ?? null;
    const begin = (action: Exchange, more: Partial<Visit> = {}): void => {
      this.visits.push({ step: node.name, visit, action, ...more });
      this.next.cursor = next;
    };
    switch (node.kind) {
      case 'step':
      case 'child':
        if (this.isDefective(node, 'do')) return;
        begin({ state: 'pending', attempt: 1 }, node.kind === 'child' ? { version: node.saga.version } : {});
        this.dispatch(this.visits.length - 1, 'do', { attempt: 1 });
        return;
      case 'parallel':
        if (node.arms.some((arm) => this.isDefective(nodeNamed(this.definition, arm), 'do'))) return;
        begin({ state: 'succeeded', attempt: 1 });
        for (const arm of node.arms) this.enter(nodeNamed(this.definition, arm));
        return;
      case 'branch': {
        const arm = this.defended(node.name, () => chosenArm(node, this.data()));
        if (arm === undefined) return;
        begin({ state: 'succeeded', attempt: 1 }, { arm });
        this.next.cursor = node.arms[arm] ?? next;
        this.effects.push({ kind: 'go', from: node.name, to: arm });
        return;
      }
      case 'sleep': {
        const at = this.defended(node.name, () => wakeTime(node, this.data(), this.event.at));
        if (at === undefined) return;
        begin({ state: 'waiting', attempt: 1, dueAt: at });
        this.effects.push({ kind: 'wait', step: node.name, visit, at });
        return;
      }
      case 'wait': {
        const at = node.timeoutMs === undefined ? undefined : this.event.at + node.timeoutMs;
        begin({ state: 'pending', attempt: 1, ...(at !== undefined && { dueAt: at }) });
        this.effects.push({ kind: 'wait', step: node.name, visit, ...(at !== undefined && { at }) });
      }
    }
  }

  private tooManyVisits(node: SagaNode): void {
    const message = `'${node.name}' was visited ${node.maximumVisits} times already`;
    const failure: Failure = { step: node.name, outcome: 'failed', code: 'too_many_visits', message };
    if (this.isPastPivot()) this.suspend(failure);
    else this.next.failure = failure;
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
   * either way.
   */
  private advanceBackward(): void {
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

  /** Tries the payload now, while the instance can still stop, since it is built again whenever the command is sent. */
  private isDefective(node: SagaNode, direction: Direction, index?: number): boolean {
    try {
      const data = index === undefined ? this.data() : this.dataSeen(index, direction);
      checkPayload(node, direction, data);
      return false;
    } catch (error) {
      this.suspend(defect(node.name, error));
      return true;
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

const NOTHING_POSTPONED: Pick<TimerEvent, 'postponed' | 'deadlinePostponedTo'> = {};

/** An exchange that no longer waits for anything. */
export function closed(exchange: Exchange): Exchange {
  const { dueAt: _, queued: __, ...rest } = exchange;
  return rest;
}

function isAwaited({ action, undo, probe }: Visit): boolean {
  return isOpen(action) || isOpen(undo) || isOpen(probe);
}
