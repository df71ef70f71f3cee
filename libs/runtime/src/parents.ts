import {
  childId,
  commandIdOf,
  type CommandRef,
  exchangeOf,
  isOpen,
  MalformedIdError,
  type Message,
  orchestratorSource,
  parseCommandId,
  RequestType,
  type SagaInstance,
  topics,
} from '@skald/core';
import { RequestRefusedError } from './errors.js';
import type { InstanceKey } from './ports.js';

/**
 * The command of a parent saga that a start or an undo is, as far as the message itself can say. Only the orchestrator asks
 * for replies to these, from itself and to its own topic.
 */
export function parentCommandOf(message: Message): CommandRef | undefined {
  const { namespace, type, replyto, source } = message;
  if (replyto !== topics.replies(namespace) || source !== orchestratorSource(namespace)) return undefined;
  const ref = commandRefOf(message.id);
  const direction = type === RequestType.start ? 'do' : type === RequestType.undo ? 'undo' : undefined;
  return ref?.namespace === namespace && ref.direction === direction ? ref : undefined;
}

/** @throws RequestRefusedError when a start asks for a reply, which is a parent saga's alone, or an undo is no parent's */
export function checkedParentCommand(message: Message): CommandRef | undefined {
  const ref = parentCommandOf(message);
  if (ref !== undefined || (message.type === RequestType.start && message.replyto === undefined)) return ref;
  if (message.type === RequestType.undo) {
    throw new RequestRefusedError(
      'unknown_parent',
      'only a parent saga can have its child undone; cancel it',
    );
  }
  throw new RequestRefusedError(
    'foreign_replyto',
    "a start is answered on the events topic and takes no 'replyto'; leave it out, and set 'answer' in its data",
  );
}

export function parentKey({ namespace, sagaId }: CommandRef): InstanceKey {
  return { namespace, id: sagaId };
}

/**
 * Whether a parent saga has sent this command to this child, by what the parent itself remembers: a message cannot prove
 * where it came from.
 *
 * - `open`: it has, and waits for the answer
 * - `over`: it has, and no longer waits
 * - `unknown`: it has not
 */
export function standingOf(
  parent: SagaInstance | undefined,
  id: string,
  child: string,
): 'open' | 'over' | 'unknown' {
  const ref = commandRefOf(id);
  const visit = parent?.visits.find(({ step, visit: number }) => step === ref?.step && number === ref.visit);
  if (parent === undefined || ref === undefined || visit === undefined) return 'unknown';
  const exchange = exchangeOf(visit, ref.direction);
  if (exchange === undefined) return 'unknown';
  if (commandIdOf(parent, visit, ref.direction) !== id || childId(parent, visit) !== child) return 'unknown';
  return isOpen(exchange) ? 'open' : 'over';
}

function commandRefOf(id: string): CommandRef | undefined {
  try {
    return parseCommandId(id);
  } catch (error) {
    if (error instanceof MalformedIdError) return undefined;
    throw error;
  }
}
