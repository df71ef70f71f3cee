import type { JsonObject } from './json.js';
import type { CommandRef, Direction } from './ids.js';
import { exchangeOf, type Failure, isOpen, type SagaInstance } from './instance.js';

/** What comes in with every event, since the engine has neither clock nor dice. */
export interface Occurrence {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** From 0 (inclusive) to 1 (exclusive); spreads retries. */
  readonly random: number;
}

/** What a participant answered. */
export type ReplyOutcome =
  | { readonly kind: 'succeeded'; readonly data: unknown }
  | { readonly kind: 'rejected'; readonly code: string; readonly message: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** Something that happened. */
export type SagaEvent = Occurrence &
  (
    | {
        readonly kind: 'started';
        readonly namespace: string;
        readonly id: string;
        readonly input: JsonObject;
      }
    | {
        readonly kind: 'reply';
        readonly command: CommandRef;
        /** The attempt that is answered, where the participant says so. */
        readonly attempt: number | undefined;
        readonly outcome: ReplyOutcome;
      }
    | { readonly kind: 'timer' }
    | {
        /** The instance cannot go on by itself: its definition does not fit it, or threw. */
        readonly kind: 'defect';
        readonly failure: Failure;
      }
  );

export type LifecycleEvent = 'compensating' | 'suspended' | 'completed' | 'compensated';

/** What must now happen outside. */
export type Effect =
  | {
      readonly kind: 'send';
      readonly commandId: string;
      readonly step: string;
      readonly direction: Direction;
      readonly visit: number;
      readonly attempt: number;
    }
  | {
      /** The command will be sent again at `at` (milliseconds since 1970). */
      readonly kind: 'retry';
      readonly step: string;
      readonly direction: Direction;
      readonly visit: number;
      /** The attempt that will be made then. */
      readonly attempt: number;
      readonly at: number;
    }
  | { readonly kind: 'publish'; readonly event: LifecycleEvent; readonly id: string };

export interface Transition {
  /** The same object that went in when the event changed nothing. */
  readonly instance: SagaInstance;
  readonly effects: readonly Effect[];
}

/** One line of an instance's history: what happened, and what came of it. No payloads. */
export interface HistoryEntry {
  /** Numbered from 1 without gaps; equals the instance's revision after it. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly cause: HistoryCause;
  readonly effects: readonly Effect[];
  readonly status: SagaInstance['status'];
  /** Set where the saga turned back or stopped in this transition. */
  readonly failure?: Failure;
}

/** A command that a timer found: `pending` had no reply in time, `waiting` was to be sent again now. */
export interface DueCommand {
  readonly step: string;
  readonly direction: Direction;
  readonly visit: number;
  readonly attempt: number;
  readonly state: 'pending' | 'waiting';
}

export type HistoryCause =
  | { readonly kind: 'started' }
  | { readonly kind: 'timer'; readonly due: readonly DueCommand[] }
  | { readonly kind: 'defect' }
  | {
      readonly kind: 'reply';
      readonly step: string;
      readonly direction: Direction;
      readonly visit: number;
      readonly attempt?: number;
      readonly outcome: ReplyOutcome['kind'];
      readonly code?: string;
      readonly message?: string;
    };

/** Derives the entry that a transition appends to the history. */
export function historyEntry(before: SagaInstance | null, event: SagaEvent, after: Transition): HistoryEntry {
  const { instance, effects } = after;
  const failure =
    instance.suspension !== before?.suspension
      ? instance.suspension
      : instance.failure !== before?.failure
        ? instance.failure
        : undefined;
  return {
    sequence: instance.revision,
    at: event.at,
    cause: causeOf(before, event),
    effects,
    status: instance.status,
    ...(failure && { failure }),
  };
}

/** The commands whose time has come, with the index of their visit. */
export function dueCommands(instance: SagaInstance, at: number): (DueCommand & { readonly index: number })[] {
  const due: (DueCommand & { index: number })[] = [];
  for (const [index, visit] of instance.visits.entries()) {
    for (const direction of ['do', 'undo'] as const) {
      const exchange = exchangeOf(visit, direction);
      if (!isOpen(exchange) || exchange.dueAt === undefined || exchange.dueAt > at) continue;
      const { attempt } = exchange;
      const state = exchange.state === 'waiting' ? 'waiting' : 'pending';
      due.push({ index, step: visit.step, direction, visit: visit.visit, attempt, state });
    }
  }
  return due;
}

function causeOf(before: SagaInstance | null, event: SagaEvent): HistoryCause {
  if (event.kind === 'timer') {
    const due = before === null ? [] : dueCommands(before, event.at);
    return { kind: 'timer', due: due.map(({ index: _, ...command }) => command) };
  }
  if (event.kind !== 'reply') return { kind: event.kind };
  const { step, direction, visit } = event.command;
  const { outcome } = event;
  return {
    kind: 'reply',
    step,
    direction,
    visit,
    ...(event.attempt !== undefined && { attempt: event.attempt }),
    outcome: outcome.kind,
    ...(outcome.kind !== 'succeeded' && { code: outcome.code, message: outcome.message }),
  };
}
