import { SkaldError } from './errors.js';
import type { Mutable } from './mutable.js';

/**
 * What a command does: `do` performs a step, `undo` compensates it, `probe` asks whether it happened. The barrier of a
 * participant pairs them by their ids.
 */
export type Direction = 'do' | 'undo' | 'probe';

/** The place of a command in all of Skald. Its id is built from this, and this can be read back from the id. */
export interface CommandRef {
  readonly namespace: string;
  /** `name@version` */
  readonly definition: string;
  readonly sagaId: string;
  /** See `SagaInstance.incarnation`. */
  readonly incarnation?: string;
  readonly step: string;
  readonly direction: Direction;
  /** Which visit of the step, from 1. */
  readonly visit: number;
  /**
   * Counts from 1; absent for the first. A participant keeps its no to a command for ever, so when an operator has a
   * rejected command tried again it is another command.
   */
  readonly round?: number;
}

/** A lifecycle event of an instance; the revision keeps two of the same kind apart. */
export interface LifecycleRef {
  readonly namespace: string;
  readonly definition: string;
  readonly sagaId: string;
  /** See `SagaInstance.incarnation`. */
  readonly incarnation?: string;
  readonly event: string;
  readonly revision: number;
}

/** The event of a `LifecycleRef` that answers a request: the message owed can be derived from its id alone. */
export function answeringEvent(event: string, requestId: string): string {
  return `${event}.${encode(requestId)}`;
}

/** So long may the id of a request be, percent-encoded, for an event to name it: the id of the event is read and indexed, too. */
const LONGEST_ANSWERED = 250;

/** Whether the id of an event can name the request: `answeringEvent` is for those only. */
export function canBeNamed(requestId: string): boolean {
  return requestId.length <= LONGEST_ANSWERED && encode(requestId).length <= LONGEST_ANSWERED;
}

/** The request that such an event answers. */
export function answeredRequest(event: string): string | undefined {
  const dot = event.indexOf('.');
  return dot < 0 ? undefined : decode(event.slice(dot + 1));
}

export class MalformedIdError extends SkaldError {
  readonly code = 'malformed_id';
}

/** Step names cannot be empty, so an empty one marks the id of a lifecycle event. */
const NO_STEP = '';

/** The same command has the same id on every attempt, in every process and after every crash. */
export function commandId(ref: CommandRef): string {
  const count = ref.round === undefined ? String(ref.visit) : `${ref.visit}.${ref.round}`;
  return `${placeOf(ref)}/${encode(ref.step)}/${ref.direction}/${count}`;
}

export function lifecycleId(ref: LifecycleRef): string {
  return `${placeOf(ref)}/${NO_STEP}/${ref.event}/${ref.revision}`;
}

function placeOf({ namespace, definition, sagaId, incarnation }: CommandRef | LifecycleRef): string {
  const place = `${encode(namespace)}/${definition}/${encode(sagaId)}`;
  return incarnation === undefined ? place : `${place}/${incarnation}`;
}

const RANDOM_DIGITS = 6;

/**
 * Tells an instance from every other one that has its id at another time: the time when it began, and dice for two of
 * one millisecond.
 *
 * @param at milliseconds since 1970
 * @param random from 0 (inclusive) to 1 (exclusive)
 */
export function incarnationOf({ at, random }: { readonly at: number; readonly random: number }): string {
  const dice = Math.floor(random * 36 ** RANDOM_DIGITS).toString(36);
  return `${Math.floor(at).toString(36)}${dice.padStart(RANDOM_DIGITS, '0')}`;
}

/** @throws MalformedIdError when the text is no id of a command of Skald */
export function parseCommandId(id: string): CommandRef {
  const ref = parseId(id);
  if ('event' in ref) throw new MalformedIdError(`'${id}' is the id of an event, not of a command`);
  return ref;
}

/**
 * Reads ids with an incarnation, and those of instances that began before there were any.
 *
 * @throws MalformedIdError
 */
export function parseId(id: string): CommandRef | LifecycleRef {
  // On the hot path, several times for every step of every saga: looking for the slashes costs a third less than `split`.
  const ends: number[] = [];
  for (let at = id.indexOf('/'); at >= 0; at = id.indexOf('/', at + 1)) ends.push(at);
  const hasIncarnation = ends.length === 6;
  const [end1 = -1, end2 = -1, end3 = -1, end4 = -1, end5 = -1, end6 = -1] = ends;
  const placeEnd = hasIncarnation ? end4 : end3;
  const stepEnd = hasIncarnation ? end5 : end4;
  const kindEnd = hasIncarnation ? end6 : end5;
  const namespace = id.slice(0, end1);
  const definition = id.slice(end1 + 1, end2);
  const sagaId = id.slice(end2 + 1, end3);
  const incarnation = hasIncarnation ? id.slice(end3 + 1, end4) : undefined;
  const step = id.slice(placeEnd + 1, stepEnd);
  const kind = id.slice(stepEnd + 1, kindEnd);
  const count = id.slice(kindEnd + 1);
  const dot = count.indexOf('.');
  const number = Number(dot < 0 ? count : count.slice(0, dot));
  const round = dot < 0 ? undefined : Number(count.slice(dot + 1));
  if (
    (ends.length !== 5 && !hasIncarnation) ||
    !namespace ||
    !definition ||
    !sagaId ||
    incarnation === '' ||
    !kind ||
    !isCount(number) ||
    (round !== undefined && !isCount(round))
  ) {
    throw new MalformedIdError(
      `${JSON.stringify(id)} is no id of Skald: namespace/definition@version/saga/incarnation/step/direction/visit`,
    );
  }
  if (step === NO_STEP) {
    const ref: Mutable<LifecycleRef> = {
      namespace: decode(namespace),
      definition,
      sagaId: decode(sagaId),
      event: kind,
      revision: number,
    };
    if (incarnation !== undefined) ref.incarnation = incarnation;
    return ref;
  }
  if (kind !== 'do' && kind !== 'undo' && kind !== 'probe') {
    throw new MalformedIdError(
      `${JSON.stringify(id)} has the direction '${kind}'; it must be do, undo or probe`,
    );
  }
  const ref: Mutable<CommandRef> = {
    namespace: decode(namespace),
    definition,
    sagaId: decode(sagaId),
    step: decode(step),
    direction: kind,
    visit: number,
  };
  if (incarnation !== undefined) ref.incarnation = incarnation;
  if (round !== undefined) ref.round = round;
  return ref;
}

function isCount(number: number): boolean {
  return Number.isInteger(number) && number >= 1;
}

const UNRESERVED = /^[\w.~-]*$/;

function encode(part: string): string {
  return UNRESERVED.test(part) ? part : encodeURIComponent(part);
}

/** How long a part of an id is in it. The text must hold no half of a character. */
export function encodedLength(part: string): number {
  return encode(part).length;
}

function decode(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    throw new MalformedIdError(`'${part}' is not percent-encoded text`);
  }
}
