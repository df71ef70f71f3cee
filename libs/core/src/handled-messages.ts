import type { HandledMessage, SagaInstance } from './instance.js';
import { jsonBytes } from './json.js';
import type { Turn } from './turn.js';

/** So many messages from outside are remembered, so that their copies change nothing. */
const REMEMBERED = 200;
/** Answers that are remembered are no more than this together: every change of a saga writes them anew. */
const ANSWER_BYTES = 100_000;
/** So are the ids. 200 of 250 characters are half of it. */
const ID_CHARACTERS = 100_000;

export function handledBefore(instance: SagaInstance, messageId: string): HandledMessage | undefined {
  return instance.handled?.find(({ id }) => id === messageId);
}

/** Remembers a message, and of the others the newest; of the answers to calls also only the newest. */
export function remember(turn: Turn, message: Pick<HandledMessage, 'id' | 'answer'>): void {
  const before = turn.next.handled ?? [];
  const newest = [...before.slice(-(REMEMBERED - 1)), measured(message)];
  let characters = 0;
  let bytes = 0;
  const kept: HandledMessage[] = [];
  for (const one of newest.toReversed()) {
    characters += one.id.length;
    if (characters > ID_CHARACTERS) break;
    const { answer, bytes: own = 0 } = measured(one);
    // One that is too large by itself takes no other's place.
    if (own <= ANSWER_BYTES) bytes += own;
    const isGone = answer !== undefined && (own > ANSWER_BYTES || bytes > ANSWER_BYTES);
    kept.push(isGone ? { id: one.id, isAnswerGone: true } : measured(one));
  }
  turn.next.handled = kept.toReversed();
}

function measured(message: HandledMessage): HandledMessage {
  const { answer, bytes } = message;
  return answer === undefined || bytes !== undefined ? message : { ...message, bytes: jsonBytes(answer) };
}
