import {
  childId,
  commandId,
  commandIdOf,
  type CommandRef,
  exchangeOf,
  isEnded,
  isOpen,
  MalformedIdError,
  type Message,
  orchestratorSource,
  parseCommandId,
  RequestType,
  type SagaInstance,
  topics,
} from '@skald/core';
import { type InstanceKey, RequestRefusedError } from '@skald/ports';

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

/** Whether the second id is that of the command which the first one undoes: of the same visit of the same saga's step. */
export function isUndoOf(undo: string, done: string): boolean {
  const [one, other] = [commandRefOf(undo), commandRefOf(done)];
  return one?.direction === 'undo' && other?.direction === 'do' && visitText(one) === visitText(other);
}

/** The same for all commands of one visit, however often an operator had them tried again. */
function visitText({ round: _, ...ref }: CommandRef): string {
  return commandId({ ...ref, direction: 'do' });
}

/** Of a child saga: the command of its parent that it does. */
export function commandOfParent({ parent }: SagaInstance): CommandRef | undefined {
  return parent && commandRefOf(parent.doId);
}

/** Whether an instance is the parent of a child saga, and not another one that has had its id since. */
export function isParentOf(one: SagaInstance, child: SagaInstance): boolean {
  const ref = commandOfParent(child);
  return ref?.namespace === one.namespace && ref.sagaId === one.id && ref.incarnation === one.incarnation;
}

/** Whether a saga may still have what it did undone. One that has completed is undone by its own parent only. */
export function mayStillUndo({ status, parent }: SagaInstance): boolean {
  return !isEnded(status) || (status === 'completed' && parent !== undefined);
}

function commandRefOf(id: string): CommandRef | undefined {
  try {
    return parseCommandId(id);
  } catch (error) {
    if (error instanceof MalformedIdError) return undefined;
    throw error;
  }
}
