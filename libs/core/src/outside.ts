import type { AnySaga } from './definition.js';
import { answerTo } from './definition-calls.js';
import { reasonText, type SagaEvent, type Transition } from './events.js';
import { type CallAnswer, type HandledMessage, isEnded, type SagaInstance } from './instance.js';
import { thrownText } from './text.js';
import { Turn } from './turn.js';

type Of<Kind extends SagaEvent['kind']> = Extract<SagaEvent, { kind: Kind }>;

/** So many messages from outside are remembered, so that their copies change nothing. */
const REMEMBERED = 200;
/** What a caller is told of an error. */
const LONGEST_REASON = 1_000;
/** So many signals of one name are kept that nothing waits for yet. What a saga waits for is always taken. */
const KEPT = 100;

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
  if (inbox.filter(({ signal }) => signal === event.signal).length >= KEPT) {
    return refused(
      instance,
      'inbox_full',
      `saga '${instance.id}' keeps ${KEPT} signals '${event.signal}' that it has not waited for yet; send it again later`,
    );
  }
  const turn = new Turn(definition, instance, event);
  turn.next.inbox = [...inbox, { signal: event.signal, data: event.data }];
  remember(turn, { id: event.messageId });
  turn.advance();
  return turn.end();
}

/** A call is answered at once, and may put a value beside the replies. */
export function onCall(definition: AnySaga, instance: SagaInstance, event: Of<'call'>): Transition {
  const before = handledBefore(instance, event.messageId);
  if (before?.answer !== undefined) return { instance, effects: [], answer: before.answer };
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

function handledBefore(instance: SagaInstance, messageId: string): HandledMessage | undefined {
  return instance.handled?.find(({ id }) => id === messageId);
}

function remember(turn: Turn, message: HandledMessage): void {
  turn.next.handled = [...(turn.next.handled ?? []), message].slice(-REMEMBERED);
}
