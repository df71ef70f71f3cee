import { type AnySaga, nodeNamed } from './definition.js';
import { answerTo } from './definition-calls.js';
import { reasonText, type SagaEvent, type Transition } from './events.js';
import { handledBefore, remember } from './handled-messages.js';
import { type CallAnswer, isEnded, isOpen, type KeptSignal, type SagaInstance } from './instance.js';
import { jsonBytes } from './json.js';
import { thrownText } from './text.js';
import { Turn } from './turn.js';

type Of<Kind extends SagaEvent['kind']> = Extract<SagaEvent, { kind: Kind }>;

/** What a caller is told of an error. */
const LONGEST_REASON = 1_000;
/** So many signals of one name are kept that nothing waits for yet. What a saga waits for is always taken. */
const KEPT = 100;
/** Signals of all names that are kept are no more than this together: every change of a saga writes them anew. */
const KEPT_BYTES = 1_000_000;

/** The event is not granted; nothing changes. */
export function refused(instance: SagaInstance, code: string, message: string): Transition {
  return { instance, effects: [], refused: { code, message } };
}

/** A signal ends a wait for it; one that comes before its wait is kept. */
export function onSignal(definition: AnySaga, instance: SagaInstance, event: Of<'signal'>): Transition {
  if (handledBefore(instance, event.messageId)) return { instance, effects: [] };
  if (isEnded(instance.status)) return refused(instance, 'ended', `saga '${instance.id}' has ended`);
  const isKnown = definition.nodes.some(
    (node) => node.kind === 'wait' && node.signals.some(({ name }) => name === event.signal),
  );
  if (!isKnown) {
    return refused(
      instance,
      'unknown_signal',
      `saga '${definition.name}' waits for no signal '${event.signal}'`,
    );
  }
  const inbox = instance.inbox ?? [];
  const isNext = isAwaited(definition, instance, event.signal);
  const kept: KeptSignal = { signal: event.signal, data: event.data };
  const bytes = isNext ? undefined : jsonBytes(event.data);
  const problem = bytes === undefined ? undefined : fullText(instance, event.signal, bytes);
  if (problem !== undefined) return refused(instance, 'inbox_full', problem);
  const turn = new Turn(definition, instance, event);
  turn.next.inbox = [...inbox, bytes === undefined ? kept : { ...kept, bytes }];
  remember(turn, { id: event.messageId });
  turn.advance();
  return turn.end();
}

/** Whether a wait has begun that takes the signal, and none before it. While a saga is suspended it takes it later. */
function isAwaited(definition: AnySaga, { visits, inbox = [] }: SagaInstance, signal: string): boolean {
  return visits.some((visit) => {
    if (!isOpen(visit.action)) return false;
    const node = nodeNamed(definition, visit.step);
    if (node.kind !== 'wait') return false;
    const isTaken = (name: string): boolean => node.signals.some((one) => one.name === name);
    return isTaken(signal) && !inbox.some((kept) => isTaken(kept.signal));
  });
}

/** Why one more signal that nothing waits for yet cannot be kept, if it cannot. */
function fullText({ id, inbox = [] }: SagaInstance, signal: string, bytes: number): string | undefined {
  if (inbox.filter((kept) => kept.signal === signal).length >= KEPT) {
    return `saga '${id}' keeps ${KEPT} signals '${signal}' that it has not waited for yet; send it again later`;
  }
  const keptBytes = inbox.reduce((sum, kept) => sum + (kept.bytes ?? jsonBytes(kept.data)), 0);
  if (keptBytes + bytes <= KEPT_BYTES) return undefined;
  return (
    `saga '${id}' keeps ${keptBytes} bytes of signals that it has not waited for yet, and no more than ${KEPT_BYTES}; ` +
    `send '${signal}' again later`
  );
}

/** A call is answered at once, and may put a value beside the replies. */
export function onCall(definition: AnySaga, instance: SagaInstance, event: Of<'call'>): Transition {
  const before = handledBefore(instance, event.messageId);
  if (before?.answer !== undefined) return { instance, effects: [], answer: before.answer };
  if (before?.isAnswerGone) {
    return refused(
      instance,
      'answered_before',
      `the call was answered before, and its answer is no longer remembered; call '${event.call}' with another id`,
    );
  }
  if (isEnded(instance.status)) return refused(instance, 'ended', `saga '${instance.id}' has ended`);
  const handler = definition.calls.find(({ call }) => call.name === event.call);
  if (handler === undefined) {
    return refused(instance, 'unknown_call', `saga '${definition.name}' answers no call '${event.call}'`);
  }
  const turn = new Turn(definition, instance, event);
  let answer: CallAnswer;
  try {
    const result = answerTo(handler, turn.data(), event.request);
    answer = result.answer;
    if (handler.as !== undefined && result.keep !== undefined) turn.replace(handler.as, result.keep);
  } catch (error) {
    // The saga itself is as it was, so whoever called may mend the call and try again.
    return refused(
      instance,
      'call_failed',
      `the handler of '${event.call}' failed: ${thrownText(error, LONGEST_REASON)}`,
    );
  }
  remember(turn, { id: event.messageId, answer });
  return { ...turn.end(), answer };
}

/** Cancelling compensates what was done, as long as that is possible. A copy of a cancel that was granted changes nothing. */
export function onCancel(definition: AnySaga, instance: SagaInstance, event: Of<'cancel'>): Transition {
  const { messageId } = event;
  if (messageId !== undefined && handledBefore(instance, messageId)) return { instance, effects: [] };
  const turn = new Turn(definition, instance, event);
  const problem = turnBackProblem(turn, instance);
  if (problem !== undefined) return refused(instance, problem.code, problem.message);
  if (messageId !== undefined) remember(turn, { id: messageId });
  turn.turnBack({ step: '', outcome: 'cancelled', code: 'cancelled', message: reasonText(event.reason) });
  return turn.end();
}

/** Why a saga cannot be turned back from outside, if it cannot. */
export function turnBackProblem(
  turn: Turn,
  { id, status, resumeTo }: SagaInstance,
): { readonly code: string; readonly message: string } | undefined {
  if (isEnded(status)) return { code: 'ended', message: `saga '${id}' has ended: ${status}` };
  if (status === 'compensating' || resumeTo === 'compensating') {
    return { code: 'compensating', message: `saga '${id}' is being compensated already` };
  }
  if (turn.isPastPivot()) {
    return {
      code: 'past_pivot',
      message: `saga '${id}' has reached its pivot: nothing can be undone any more, it can only be completed`,
    };
  }
  return undefined;
}
