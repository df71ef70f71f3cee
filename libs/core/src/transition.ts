import { type AnySaga, definitionRef, findNode } from './definition.js';
import { countingCommands } from './due-commands.js';
import type { SagaEvent, Transition } from './events.js';
import { incarnationOf } from './ids.js';
import { exchangeOf, isEnded, isOpen, roundOf, type SagaInstance } from './instance.js';
import { onOperator } from './operator.js';
import { onCall, onCancel, onSignal, refused } from './outside.js';
import { closed, Turn } from './turn.js';

/**
 * The engine: decides what an instance becomes when something happens to it, and what must happen outside.
 *
 * Pure: no clock, no randomness, no I/O; time and the random number come with the event. An event that means nothing
 * to the instance (a duplicate, a late reply, a timer that has nothing due) gives back the same instance and no
 * effects. What asks for something that makes no sense now is refused, with the reason.
 *
 * @param instance `null` before the saga has started
 * @returns `null` for an event that needs an instance and has none
 */
export function transition(
  definition: AnySaga,
  instance: SagaInstance | null,
  event: SagaEvent,
): Transition | null {
  if (instance === null) {
    if (event.kind === 'started') return onStarted(definition, event);
    return event.kind === 'undone' ? onUndoneBeforeStart(definition, event) : null;
  }
  switch (event.kind) {
    case 'started':
      return unchanged(instance);
    case 'undone':
      return onUndone(definition, instance, event);
    case 'reply':
      return onReply(definition, instance, event);
    case 'timer':
      return onTimer(definition, instance, event);
    case 'signal':
      return onSignal(definition, instance, event);
    case 'call':
      return onCall(definition, instance, event);
    case 'cancel':
      return onCancel(definition, instance, event);
    case 'operator':
      return onOperator(definition, instance, event);
    case 'defect':
      return onDefect(definition, instance, event);
  }
}

function unchanged(instance: SagaInstance): Transition {
  return { instance, effects: [] };
}

type Of<Kind extends SagaEvent['kind']> = Extract<SagaEvent, { kind: Kind }>;

function newInstance(
  definition: AnySaga,
  event: SagaEvent & { readonly namespace: string; readonly id: string },
  fields: Pick<SagaInstance, 'status' | 'input'> & Partial<SagaInstance>,
): SagaInstance {
  const { name, version, hash } = definition;
  return {
    namespace: event.namespace,
    id: event.id,
    incarnation: incarnationOf(event),
    definition: { name, version, hash },
    revision: 0,
    results: {},
    visits: [],
    cursor: definition.first,
    wakeAt: null,
    createdAt: event.at,
    updatedAt: event.at,
    ...fields,
  };
}

function onStarted(definition: AnySaga, event: Of<'started'>): Transition {
  const { deadlineMs } = definition;
  const turn = new Turn(
    definition,
    newInstance(definition, event, {
      status: 'running',
      input: event.input,
      ...(deadlineMs !== undefined && { deadlineAt: event.at + deadlineMs }),
      ...(event.parentCommand !== undefined && { parent: { doId: event.parentCommand } }),
    }),
    event,
  );
  turn.publish('started', event.requestId);
  turn.advance();
  return turn.end();
}

/** A child saga that is compensated before it was started: it answers, and stays as a mark that it must not start. */
function onUndoneBeforeStart(definition: AnySaga, event: Of<'undone'>): Transition {
  const parent = { doId: event.parentCommand, undoId: event.parentUndo };
  const fields = { status: 'compensated', input: {}, cursor: null, parent } as const;
  const turn = new Turn(definition, newInstance(definition, event, fields), event);
  turn.answerParent('undo');
  return turn.end();
}

/** The parent compensates this child saga: it undoes what it did, and answers when that is done. */
function onUndone(definition: AnySaga, instance: SagaInstance, event: Of<'undone'>): Transition {
  const { parent, status } = instance;
  if (parent === undefined || parent.doId !== event.parentCommand) {
    return refused(instance, 'not_the_child', `saga '${instance.id}' is no child of this command`);
  }
  // It answers when it is done. One that could not go back says so again: the parent may ask because an operator wants it.
  const isUnderway = status === 'compensating' || instance.resumeTo === 'compensating';
  if (parent.undoId === event.parentUndo && isUnderway) return unchanged(instance);
  const turn = new Turn(definition, instance, event);
  turn.next.parent = { ...parent, undoId: event.parentUndo };
  if (isEnded(status) && status !== 'completed') {
    turn.answerParent('undo');
  } else if (turn.isPastPivot()) {
    // It cannot go back; its parent is told no, and an operator decides.
    turn.answerParent('undo');
  } else if (status === 'running' || status === 'completed' || instance.resumeTo === 'running') {
    const message = 'the parent saga compensates it';
    turn.turnBack({ step: '', outcome: 'cancelled', code: 'parent_compensates', message });
  }
  return turn.end();
}

function onReply(definition: AnySaga, instance: SagaInstance, event: Of<'reply'>): Transition {
  const { command, outcome } = event;
  const { step, direction } = command;
  const index = instance.visits.findIndex((visit) => visit.step === step && visit.visit === command.visit);
  const visit = instance.visits[index];
  const exchange = visit && exchangeOf(visit, direction);
  const isOurs =
    command.incarnation === instance.incarnation &&
    command.definition === definitionRef(instance.definition) &&
    isCommand(definition, step);
  if (!isOurs || isEnded(instance.status) || !isOpen(exchange) || exchange.round !== command.round) {
    return unchanged(instance);
  }

  const turn = new Turn(definition, instance, event);
  switch (outcome.kind) {
    case 'succeeded':
      if (direction === 'do') turn.succeed(index, outcome.data);
      else
        turn.settle(index, direction, {
          state: 'succeeded',
          attempt: exchange.attempt,
          ...roundOf(exchange),
        });
      if (direction === 'probe') onProbed(turn, index, outcome.data);
      else turn.advance();
      return turn.end();
    case 'rejected': {
      const { code, message } = outcome;
      turn.settle(index, direction, { ...closed(exchange), code, message, state: 'rejected' });
      turn.giveUp(index, { step, outcome: 'rejected', code, message, direction });
      return turn.end();
    }
    case 'failed': {
      // A failure of an attempt before the present one, or one already counted, says nothing new.
      const isStale = event.attempt !== undefined && event.attempt !== exchange.attempt;
      if (isStale || exchange.state === 'waiting') return unchanged(instance);
      const { code, message } = outcome;
      turn.retryOrGiveUp(index, direction, { ...exchange, code, message });
      return turn.end();
    }
  }
}

/** Only commands have replies: a pause, or a wait for a signal, is ended by nothing else that says so. */
function isCommand(definition: AnySaga, step: string): boolean {
  const kind = findNode(definition, step)?.kind;
  return kind === 'step' || kind === 'child';
}

/** The probe's answer decides what nobody knew. */
function onProbed(turn: Turn, index: number, data: unknown): void {
  const answer = typeof data === 'object' && data !== null ? data : {};
  if ('happened' in answer && answer.happened === true) {
    turn.succeed(index, 'reply' in answer ? answer.reply : null);
    turn.advance();
    return;
  }
  const { step, action } = turn.visit(index);
  const outcome = action.state === 'unknown' ? 'unknown' : 'failed';
  turn.settle(index, 'do', { ...action, state: 'absent' });
  const { code = outcome, message = '' } = action;
  const failure = { step, outcome, code, message, direction: 'do' } as const;
  const node = turn.nodeOf(index);
  if (node.kind === 'step' && node.class === 'retriable') turn.suspend(failure);
  else turn.fail(failure);
}

function onTimer(definition: AnySaga, instance: SagaInstance, event: Of<'timer'>): Transition {
  if (instance.wakeAt === null || instance.wakeAt > event.at) return unchanged(instance);
  const turn = new Turn(definition, instance, event);
  const { deadlineAt } = instance;
  const { postponed = [], deadlinePostponedTo } = event;
  const isLate = deadlineAt !== undefined && deadlineAt <= event.at && deadlinePostponedTo === undefined;
  if (isLate && instance.status === 'running' && instance.failure === undefined && !turn.isPastPivot()) {
    delete turn.next.deadlineAt;
    const message = 'the saga took longer than its deadline allows';
    turn.turnBack({ step: '', outcome: 'deadline', code: 'deadline', message });
    return turn.end();
  }
  const due = countingCommands(instance, event);
  const isNews = turn.notePostponed(postponed);
  const isPostponed = postponed.length > 0 || deadlinePostponedTo !== undefined;
  if (due.length === 0 && !isNews && isPostponed) {
    const wakeAt = turn.end().instance.wakeAt;
    return { instance, effects: [], ...(wakeAt !== null && { wakeAt }) };
  }
  for (const { index, direction } of due) {
    const exchange = exchangeOf(turn.visit(index), direction);
    // What an earlier one of these timers did may have closed it.
    if (!isOpen(exchange)) continue;
    const node = turn.nodeOf(index);
    if (node.kind === 'sleep' || node.kind === 'wait') {
      turn.succeed(index, node.kind === 'wait' ? { signal: 'timeout' } : null);
    } else if (exchange.state === 'waiting') {
      turn.send(index, direction, { ...exchange, attempt: exchange.attempt + 1 });
    } else {
      turn.retryOrGiveUp(index, direction, {
        ...exchange,
        unanswered: (exchange.unanswered ?? 0) + 1,
        code: 'no_reply',
        message: `no reply in time to attempt ${exchange.attempt}`,
      });
    }
  }
  turn.advance();
  return turn.end();
}

function onDefect(definition: AnySaga, instance: SagaInstance, event: Of<'defect'>): Transition {
  if (isEnded(instance.status)) return unchanged(instance);
  const { step, direction, code, message } = event.failure;
  const index = instance.visits.findLastIndex(
    (visit) => direction !== undefined && visit.step === step && isOpen(exchangeOf(visit, direction)),
  );
  const isSuspended = instance.status === 'suspended';
  if (isSuspended && index < 0) return unchanged(instance);
  const turn = new Turn(definition, instance, event);
  if (direction !== undefined && index >= 0) {
    const exchange = exchangeOf(turn.visit(index), direction);
    // Nobody waits for that command any more: a person may have it tried again, or take it for done. Of several such, the
    // next one stops the saga when the one before is settled.
    if (isOpen(exchange)) {
      turn.settle(index, direction, { ...closed(exchange), state: 'failed', code, message });
    }
  }
  if (!isSuspended) turn.suspend(event.failure);
  return turn.end();
}
