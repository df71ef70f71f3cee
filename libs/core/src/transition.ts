import { type AnySaga, definitionRef, type SagaData, type StepDefinition, stepNamed } from './definition.js';
import { dueCommands, type Effect, type LifecycleEvent, type SagaEvent, type Transition } from './events.js';
import { type Direction, lifecycleId } from './ids.js';
import {
  commandIdOf,
  type Exchange,
  exchangeOf,
  type Failure,
  isEnded,
  isOpen,
  type SagaInstance,
  type Visit,
} from './instance.js';
import { effectivePolicy } from './policy.js';
import { retryDelayMs } from './retry-policy.js';

/**
 * The engine: decides what an instance becomes when something happens to it, and what must happen outside.
 *
 * Pure: no clock, no randomness, no I/O; time and the random number come with the event. An event that means nothing
 * to the instance (a duplicate, a late reply, a timer that has nothing due) gives back the same instance and no
 * effects.
 *
 * @param instance `null` before the saga has started
 */
export function transition(
  definition: AnySaga,
  instance: SagaInstance | null,
  event: SagaEvent,
): Transition | null {
  if (instance === null) {
    return event.kind === 'started' ? start(definition, event) : null;
  }
  switch (event.kind) {
    case 'started':
      return unchanged(instance);
    case 'reply':
      return onReply(definition, instance, event);
    case 'timer':
      return onTimer(definition, instance, event);
    case 'defect':
      return onDefect(definition, instance, event.failure, event);
  }
}

/** What the functions of a definition see. */
export function dataOf(instance: SagaInstance): SagaData {
  return { ...instance.results, input: instance.input };
}

function unchanged(instance: SagaInstance): Transition {
  return { instance, effects: [] };
}

function start(definition: AnySaga, event: Extract<SagaEvent, { kind: 'started' }>): Transition {
  const turn = new Turn(
    definition,
    {
      namespace: event.namespace,
      id: event.id,
      definition: { name: definition.name, version: definition.version, hash: definition.hash },
      status: 'running',
      revision: 0,
      input: event.input,
      results: {},
      visits: [],
      wakeAt: null,
      createdAt: event.at,
      updatedAt: event.at,
    },
    event,
  );
  turn.advance();
  return turn.end();
}

function onReply(
  definition: AnySaga,
  instance: SagaInstance,
  event: Extract<SagaEvent, { kind: 'reply' }>,
): Transition {
  const { command, outcome } = event;
  const index = instance.visits.findIndex(
    (visit) => visit.step === command.step && visit.visit === command.visit,
  );
  const visit = instance.visits[index];
  const exchange = visit && exchangeOf(visit, command.direction);
  const isOurs = command.definition === definitionRef(instance.definition);
  if (!isOurs || isEnded(instance.status) || !isOpen(exchange)) return unchanged(instance);

  const turn = new Turn(definition, instance, event);
  switch (outcome.kind) {
    case 'succeeded':
      turn.settle(index, command.direction, { state: 'succeeded', attempt: exchange.attempt });
      if (command.direction === 'do') turn.keep(command.step, outcome.data);
      turn.advance();
      return turn.end();
    case 'rejected':
      turn.settle(index, command.direction, { ...closed(exchange), ...reasonOf(outcome), state: 'rejected' });
      turn.giveUp(command.direction, { step: command.step, outcome: 'rejected', ...reasonOf(outcome) });
      return turn.end();
    case 'failed': {
      // A failure of an attempt before the present one, or one already counted, says nothing new.
      const isStale = event.attempt !== undefined && event.attempt !== exchange.attempt;
      if (isStale || exchange.state === 'waiting') return unchanged(instance);
      turn.retryOrGiveUp(index, command.direction, { ...exchange, ...reasonOf(outcome) });
      return turn.end();
    }
  }
}

function onTimer(definition: AnySaga, instance: SagaInstance, event: SagaEvent): Transition {
  if (instance.wakeAt === null || instance.wakeAt > event.at) return unchanged(instance);
  const turn = new Turn(definition, instance, event);
  for (const { index, direction } of dueCommands(instance, event.at)) {
    const visit = instance.visits[index];
    const exchange = visit && exchangeOf(visit, direction);
    if (exchange?.state === 'waiting') {
      turn.send(index, direction, { ...exchange, attempt: exchange.attempt + 1 });
    } else if (exchange !== undefined) {
      turn.retryOrGiveUp(index, direction, {
        ...exchange,
        unanswered: (exchange.unanswered ?? 0) + 1,
        code: 'no_reply',
        message: `no reply in time to attempt ${exchange.attempt}`,
      });
    }
  }
  return turn.end();
}

function onDefect(
  definition: AnySaga,
  instance: SagaInstance,
  failure: Failure,
  event: SagaEvent,
): Transition {
  if (isEnded(instance.status) || instance.status === 'suspended') return unchanged(instance);
  const turn = new Turn(definition, instance, event);
  turn.suspend(failure);
  return turn.end();
}

/** The changes that one event makes. Mutable inside one call of `transition`, and never seen outside. */
class Turn {
  private readonly effects: Effect[] = [];
  private readonly visits: Visit[];
  private readonly next: { -readonly [K in keyof SagaInstance]: SagaInstance[K] };

  constructor(
    private readonly definition: AnySaga,
    instance: SagaInstance,
    private readonly event: SagaEvent,
  ) {
    this.visits = [...instance.visits];
    this.next = { ...instance, revision: instance.revision + 1, updatedAt: event.at };
  }

  end(): Transition {
    this.next.visits = this.visits;
    const { status } = this.next;
    this.next.wakeAt = isEnded(status) || status === 'suspended' ? null : earliest(this.visits);
    return { instance: this.next, effects: this.effects };
  }

  /** Keeps a reply under the name that the step gives it. */
  keep(stepName: string, reply: unknown): void {
    const { as } = stepNamed(this.definition, stepName);
    if (as !== undefined) this.next.results = { ...this.next.results, [as]: reply ?? null };
  }

  /** Writes down how a command stands now. */
  settle(index: number, direction: Direction, exchange: Exchange): void {
    const visit = this.visits[index];
    if (visit === undefined) return;
    this.visits[index] = direction === 'do' ? { ...visit, action: exchange } : { ...visit, undo: exchange };
  }

  /** Goes on from where nothing is pending: to the next step, the next compensation, or the end. */
  advance(): void {
    if (this.visits.some((visit) => isOpen(visit.action) || isOpen(visit.undo))) return;
    if (this.next.status === 'running') this.advanceForward();
    else if (this.next.status === 'compensating') this.advanceBackward();
  }

  /** Sends an attempt of a command and starts waiting for its reply. */
  send(index: number, direction: Direction, exchange: Pick<Exchange, 'attempt' | 'unanswered'>): void {
    const visit = this.visits[index];
    if (visit === undefined) return;
    const step = stepNamed(this.definition, visit.step);
    if (this.isDefective(step, direction)) return;
    const { timeoutMs } = effectivePolicy(this.definition, step, direction);
    this.settle(index, direction, {
      state: 'pending',
      attempt: exchange.attempt,
      dueAt: this.event.at + timeoutMs,
      ...(exchange.unanswered !== undefined && { unanswered: exchange.unanswered }),
    });
    this.effects.push({
      kind: 'send',
      commandId: commandIdOf(this.next, visit, direction),
      step: visit.step,
      direction,
      visit: visit.visit,
      attempt: exchange.attempt,
    });
  }

  /** After an attempt that failed or was not answered. */
  retryOrGiveUp(index: number, direction: Direction, exchange: Exchange): void {
    const visit = this.visits[index];
    if (visit === undefined) return;
    const step = stepNamed(this.definition, visit.step);
    const { retry } = effectivePolicy(this.definition, step, direction);
    if (exchange.attempt < retry.maximumAttempts) {
      const at = this.event.at + retryDelayMs(retry, exchange.attempt, this.event.random);
      this.settle(index, direction, { ...exchange, state: 'waiting', dueAt: at });
      this.effects.push({
        kind: 'retry',
        step: visit.step,
        direction,
        visit: visit.visit,
        attempt: exchange.attempt + 1,
        at,
      });
      return;
    }
    const outcome = exchange.unanswered === undefined ? 'failed' : 'unknown';
    this.settle(index, direction, { ...closed(exchange), state: outcome });
    this.giveUp(direction, {
      step: visit.step,
      outcome,
      code: exchange.code ?? outcome,
      message: exchange.message ?? '',
    });
  }

  /** A step that is not to be tried again turns the saga back; a compensation that is not, needs a person. */
  giveUp(direction: Direction, failure: Failure): void {
    if (direction === 'undo') {
      this.suspend(failure);
      return;
    }
    this.next.status = 'compensating';
    this.next.failure = failure;
    this.publish('compensating');
    this.advance();
  }

  private advanceForward(): void {
    const step = this.definition.steps[this.visits.length];
    if (step !== undefined) {
      if (this.isDefective(step, 'do')) return;
      this.visits.push({ step: step.name, visit: 1, action: { state: 'pending', attempt: 1 } });
      this.send(this.visits.length - 1, 'do', { attempt: 1 });
      return;
    }
    try {
      this.next.output = this.definition.output(dataOf(this.next)) ?? null;
    } catch (error) {
      this.suspend(defect('output', error));
      return;
    }
    this.next.status = 'completed';
    this.publish('completed');
  }

  /**
   * Undoes the newest visit that may have had an effect. A rejected step had none. One that failed or is unknown may
   * have had: an attempt can have taken effect and lost its answer, and the barrier makes undoing it safe either way.
   */
  private advanceBackward(): void {
    const index = this.visits.findLastIndex(
      (visit) =>
        visit.undo === undefined &&
        visit.action.state !== 'rejected' &&
        stepNamed(this.definition, visit.step).undo !== undefined,
    );
    if (index >= 0) {
      this.send(index, 'undo', { attempt: 1 });
      return;
    }
    this.next.status = 'compensated';
    this.publish('compensated');
  }

  /** Tries the payload now, while the instance can still stop, since it is built again whenever the command is sent. */
  private isDefective(step: StepDefinition, direction: Direction): boolean {
    const template = direction === 'do' ? step : step.undo;
    try {
      template?.payload(dataOf(this.next));
      return false;
    } catch (error) {
      this.suspend(defect(step.name, error));
      return true;
    }
  }

  suspend(suspension: Failure): void {
    this.next.status = 'suspended';
    this.next.suspension = suspension;
    this.publish('suspended');
  }

  private publish(event: LifecycleEvent): void {
    const id = lifecycleId({
      namespace: this.next.namespace,
      definition: definitionRef(this.next.definition),
      sagaId: this.next.id,
      event,
      revision: this.next.revision,
    });
    this.effects.push({ kind: 'publish', event, id });
  }
}

function earliest(visits: readonly Visit[]): number | null {
  let wakeAt: number | null = null;
  for (const visit of visits) {
    for (const exchange of [visit.action, visit.undo]) {
      if (isOpen(exchange) && exchange.dueAt !== undefined && (wakeAt === null || exchange.dueAt < wakeAt)) {
        wakeAt = exchange.dueAt;
      }
    }
  }
  return wakeAt;
}

/** A function of the definition threw: neither a retry nor a compensation can mend that. */
function defect(step: string, error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return { step, outcome: 'defect', code: 'definition_threw', message };
}

/** An exchange that no longer waits for anything. */
function closed(exchange: Exchange): Exchange {
  const { dueAt: _, ...rest } = exchange;
  return rest;
}

function reasonOf(outcome: { code: string; message: string }): { code: string; message: string } {
  return { code: outcome.code, message: outcome.message };
}
