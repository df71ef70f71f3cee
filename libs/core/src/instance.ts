import { definitionRef } from './definition.js';
import { commandId, type CommandRef, type Direction, lifecycleId, type LifecycleRef } from './ids.js';
import type { JsonObject } from './json.js';
import type { Mutable } from './mutable.js';

/**
 * - `running`: steps are being done
 * - `compensating`: steps are being undone
 * - `suspended`: stopped until an operator acts
 * - `completed`, `compensated`, `terminated`: ended
 */
export type SagaStatus =
  'running' | 'compensating' | 'suspended' | 'completed' | 'compensated' | 'terminated';

/**
 * How one command, pause or wait stands:
 * - `pending`: sent, a reply or a signal is awaited, until `dueAt` where it has one
 * - `waiting`: failed or not answered, it is sent again at `dueAt`; or a pause that ends then
 * - `succeeded`, `rejected`, `failed`: its last reply; `failed` when no attempt is left
 * - `unknown`: it may or may not have happened, and nobody is asked any more
 * - `absent`: it surely did not happen: a probe or an operator said so
 * - `cancelled`: a pause or a wait that the saga no longer needs
 */
export type ExchangeState =
  'pending' | 'waiting' | 'succeeded' | 'rejected' | 'failed' | 'unknown' | 'absent' | 'cancelled';

/** One command and what came back. */
export interface Exchange {
  readonly state: ExchangeState;
  /** Number of the last attempt, from 1; 0 where none could be sent, since its payload could not be built. */
  readonly attempt: number;
  /** Milliseconds since 1970, while `pending` or `waiting`. */
  readonly dueAt?: number;
  /** How many attempts got no reply in time. */
  readonly unanswered?: number;
  /** Attempts that an operator's retry no longer counts. */
  readonly forgiven?: number;
  /** While `pending`: its time was up while it lay unread at its participant, and the history says so. */
  readonly queued?: true;
  /** While `pending`: its time was up before it was sent, and the history says so. */
  readonly unsent?: true;
  /** See `CommandRef.round`. */
  readonly round?: number;
  /** Of the last reply that was not a success. */
  readonly code?: string;
  readonly message?: string;
}

/** One pass through a node of the saga. */
export interface Visit {
  readonly step: string;
  /** Counts the visits of this step, from 1. */
  readonly visit: number;
  readonly action: Exchange;
  readonly undo?: Exchange;
  readonly probe?: Exchange;
  /** Of a branch: the arm that was taken. */
  readonly arm?: string;
  /** Of a child saga: the version that was started, whatever a later build of the parent would start. */
  readonly version?: number;
  /** Of a step that has succeeded: its jump threw, and is evaluated again before the saga goes on. */
  readonly undecided?: true;
  /** Its own reply, once a later visit's has taken the place under the `as` name. */
  readonly reply?: unknown;
}

/** Why a saga turned back, or stopped. */
export interface Failure {
  readonly step: string;
  /**
   * - `rejected`: a business no
   * - `failed`: every attempt failed
   * - `unknown`: no answer
   * - `defect`: the definition threw, or does not fit the instance
   * - `cancelled`, `deadline`: from outside, or too late
   * - `operator`: a person wanted it
   */
  readonly outcome: 'rejected' | 'failed' | 'unknown' | 'defect' | 'cancelled' | 'deadline' | 'operator';
  readonly code: string;
  readonly message: string;
  /** The direction of the command that failed, where it was one. */
  readonly direction?: Direction;
}

/** What a call kept, and a later call has replaced: visits that began before see it still. */
export interface ReplacedValue {
  readonly as: string;
  /** So many visits had begun when it was replaced. */
  readonly visits: number;
  /** Absent where there had been no value. */
  readonly value?: unknown;
}

/** A signal that nothing waits for yet. */
export interface KeptSignal {
  readonly signal: string;
  readonly data: unknown;
  /** How much its data is as JSON, in bytes of UTF-8. Absent where it was awaited, and in instances of earlier builds. */
  readonly bytes?: number;
}

/** A message from outside that was handled, so that its copies change nothing. */
export interface HandledMessage {
  readonly id: string;
  /** Of a call: what it was answered. Absent where `isAnswerGone`. */
  readonly answer?: CallAnswer;
  /** How much the answer is as JSON, in bytes of UTF-8. Absent in instances of earlier builds. */
  readonly bytes?: number;
  /** The call was answered with more than is remembered: a copy of it cannot be told the same again. */
  readonly isAnswerGone?: true;
}

export type CallAnswer =
  | { readonly kind: 'answered'; readonly data: unknown }
  | { readonly kind: 'rejected'; readonly code: string; readonly message: string };

/** Of a child saga: the commands of the parent that it answers. */
export interface Parent {
  readonly doId: string;
  readonly undoId?: string;
}

/** One running saga: plain JSON data, so that storing and loading it changes nothing. */
export interface SagaInstance {
  readonly namespace: string;
  readonly id: string;
  /**
   * Tells it from an earlier instance of the same id that was removed: it is part of the ids of all that it sends, so
   * that no participant takes a command for one of that earlier life. Absent on instances that began before there
   * were incarnations.
   */
  readonly incarnation?: string;
  readonly definition: { readonly name: string; readonly version: number; readonly hash: string };
  readonly status: SagaStatus;
  /** How many transitions made it what it is; the number of its newest history entry. */
  readonly revision: number;
  readonly input: JsonObject;
  /** Replies by their `as` names, and what calls and operators put beside them. */
  readonly results: Readonly<Record<string, unknown>>;
  /** Of the results, what calls have replaced while visits saw it, oldest first. */
  readonly replaced?: readonly ReplacedValue[];
  /** The path taken, oldest first. */
  readonly visits: readonly Visit[];
  /** The node to go to when nothing is pending; `null` at the end. */
  readonly cursor: string | null;
  /** Why it is being, or was, compensated. */
  readonly failure?: Failure;
  /** Why it is suspended. */
  readonly suspension?: Failure;
  /** What it was doing when it was suspended. */
  readonly resumeTo?: 'running' | 'compensating';
  readonly output?: unknown;
  readonly inbox?: readonly KeptSignal[];
  readonly handled?: readonly HandledMessage[];
  readonly parent?: Parent;
  /** When it is compensated if it has not reached its pivot. Milliseconds since 1970. */
  readonly deadlineAt?: number;
  /** When it must be looked at again though nothing arrives. Milliseconds since 1970. */
  readonly wakeAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export function isEnded(status: SagaStatus): boolean {
  return status === 'completed' || status === 'compensated' || status === 'terminated';
}

/** Still able to become something else by a reply: the engine's one test for "is this command pending?". */
export function isOpen(exchange: Exchange | undefined): exchange is Exchange {
  return exchange !== undefined && (exchange.state === 'pending' || exchange.state === 'waiting');
}

export function exchangeOf(visit: Visit, direction: Direction): Exchange | undefined {
  return direction === 'do' ? visit.action : visit[direction];
}

export function commandIdOf(instance: SagaInstance, visit: Visit, direction: Direction): string {
  const ref: Mutable<CommandRef> = {
    namespace: instance.namespace,
    definition: definitionRef(instance.definition),
    sagaId: instance.id,
    step: visit.step,
    direction,
    visit: visit.visit,
  };
  if (instance.incarnation !== undefined) ref.incarnation = instance.incarnation;
  const round = exchangeOf(visit, direction)?.round;
  if (round !== undefined) ref.round = round;
  return commandId(ref);
}

/** The id of something that is told about the instance as it is now, or as it was at another revision. */
export function lifecycleIdOf(instance: SagaInstance, event: string, revision = instance.revision): string {
  const ref: Mutable<LifecycleRef> = {
    namespace: instance.namespace,
    definition: definitionRef(instance.definition),
    sagaId: instance.id,
    event,
    revision,
  };
  if (instance.incarnation !== undefined) ref.incarnation = instance.incarnation;
  return lifecycleId(ref);
}

export function roundOf(exchange: Pick<Exchange, 'round'> | undefined): Pick<Exchange, 'round'> {
  return exchange?.round === undefined ? {} : { round: exchange.round };
}
