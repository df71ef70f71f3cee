import { definitionRef } from './definition.js';
import { commandId, type Direction } from './ids.js';
import type { JsonObject } from './json.js';

/**
 * - `running`: steps are being done
 * - `compensating`: steps are being undone
 * - `suspended`: stopped until an operator acts
 * - `completed`, `compensated`, `terminated`: ended
 */
export type SagaStatus =
  'running' | 'compensating' | 'suspended' | 'completed' | 'compensated' | 'terminated';

/**
 * How one command stands:
 * - `pending`: sent, a reply is awaited until `dueAt`
 * - `waiting`: failed or not answered, it is sent again at `dueAt`
 * - `succeeded`, `rejected`, `failed`: its last reply; `failed` when no attempt is left
 * - `unknown`: no attempt is left and at least one was never answered
 */
export type ExchangeState = 'pending' | 'waiting' | 'succeeded' | 'rejected' | 'failed' | 'unknown';

/** One command and what came back. */
export interface Exchange {
  readonly state: ExchangeState;
  /** Number of the last attempt, from 1. */
  readonly attempt: number;
  /** Milliseconds since 1970, while `pending` or `waiting`. */
  readonly dueAt?: number;
  /** How many attempts got no reply in time. */
  readonly unanswered?: number;
  /** Of the last reply that was not a success. */
  readonly code?: string;
  readonly message?: string;
}

/** One pass through a step. */
export interface Visit {
  readonly step: string;
  /** Counts the visits of this step, from 1. */
  readonly visit: number;
  readonly action: Exchange;
  readonly undo?: Exchange;
}

/** Why a saga turned back, or stopped. */
export interface Failure {
  readonly step: string;
  /** `rejected`: a business no. `failed`: every attempt failed. `unknown`: no answer. `defect`: the definition threw. */
  readonly outcome: 'rejected' | 'failed' | 'unknown' | 'defect';
  readonly code: string;
  readonly message: string;
}

/** One running saga: plain JSON data, so that storing and loading it changes nothing. */
export interface SagaInstance {
  readonly namespace: string;
  readonly id: string;
  readonly definition: { readonly name: string; readonly version: number; readonly hash: string };
  readonly status: SagaStatus;
  /** How many transitions made it what it is; the number of its newest history entry. */
  readonly revision: number;
  readonly input: JsonObject;
  /** Replies by their `as` names. */
  readonly results: Readonly<Record<string, unknown>>;
  /** The path taken, oldest first. */
  readonly visits: readonly Visit[];
  /** Why it is being, or was, compensated. */
  readonly failure?: Failure;
  /** Why it is suspended. */
  readonly suspension?: Failure;
  readonly output?: unknown;
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
  return direction === 'do' ? visit.action : visit.undo;
}

export function commandIdOf(instance: SagaInstance, visit: Visit, direction: Direction): string {
  return commandId({
    namespace: instance.namespace,
    definition: definitionRef(instance.definition),
    sagaId: instance.id,
    step: visit.step,
    direction,
    visit: visit.visit,
  });
}
