import type { JsonObject } from './json.js';
import type { CommandRef, Direction } from './ids.js';
import type { Failure, SagaInstance } from './instance.js';

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

export type HistoryCause =
  | { readonly kind: 'started' }
  | { readonly kind: 'timer' }
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
    cause: causeOf(event),
    effects,
    status: instance.status,
    ...(failure && { failure }),
  };
}

function causeOf(event: SagaEvent): HistoryCause {
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
