import { type DueCommand, noticedCommands, type Postponed } from './due-commands.js';
import type { CommandRef, Direction } from './ids.js';
import type { CallAnswer, Failure, SagaInstance } from './instance.js';
import type { JsonObject } from './json.js';
import { storable } from './text.js';

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

/** Who did what and why; both go into the history. */
export interface OperatorNote {
  readonly actor: string;
  readonly reason: string;
}

/**
 * - `suspend`, `resume`: stop it, and let it go on
 * - `retry`: send the command again on which it is stuck, or which it had in hand when it was suspended
 * - `skip`: take the step of that command for done, with this output
 * - `edit`: put other data in place of replies or the input
 * - `repair`: `edit`, then go on from the step that broke
 * - `compensate`: turn it back
 * - `force-forward`: take a step whose outcome is unknown for done, without output
 * - `terminate`: end it as it is, compensating nothing
 * - `remove`: delete it with its history, once it has ended
 */
export type OperatorAction =
  | {
      readonly kind: 'suspend' | 'resume' | 'compensate' | 'force-forward' | 'terminate' | 'remove';
    }
  /** `step`: whose command is meant, where several are in hand, such as those of the arms of a parallel. */
  | { readonly kind: 'retry'; readonly step?: string }
  | { readonly kind: 'skip'; readonly step?: string; readonly output?: unknown }
  | { readonly kind: 'edit' | 'repair'; readonly data: Readonly<Record<string, unknown>> };

/** Something that happened. */
export type SagaEvent = Occurrence &
  (
    | {
        readonly kind: 'started';
        readonly namespace: string;
        readonly id: string;
        readonly input: JsonObject;
        /** Of a child saga: the command of the parent that starts it. */
        readonly parentCommand?: string;
        /** The id of the request, when whoever sent it wants to be told: the event `started` then names it. */
        readonly requestId?: string;
      }
    | {
        /** The parent of a child saga compensates it; it may never have started. */
        readonly kind: 'undone';
        readonly namespace: string;
        readonly id: string;
        readonly parentCommand: string;
        readonly parentUndo: string;
      }
    | {
        readonly kind: 'reply';
        readonly command: CommandRef;
        /** The attempt that is answered, where the participant says so. */
        readonly attempt: number | undefined;
        readonly outcome: ReplyOutcome;
      }
    | {
        readonly kind: 'timer';
        /** Commands whose time has come and which do not count yet. */
        readonly postponed?: readonly Postponed[];
        /** The saga's deadline, where it has passed, is looked at again then. Milliseconds since 1970. */
        readonly deadlinePostponedTo?: number;
      }
    | { readonly kind: 'signal'; readonly messageId: string; readonly signal: string; readonly data: unknown }
    | {
        readonly kind: 'call';
        readonly messageId: string;
        readonly call: string;
        readonly request: JsonObject;
      }
    /** With the id of the request, copies of it count once. */
    | { readonly kind: 'cancel'; readonly reason: string; readonly messageId?: string }
    | { readonly kind: 'operator'; readonly action: OperatorAction; readonly note: OperatorNote }
    | {
        /**
         * The instance cannot go on by itself: its definition does not fit it, or threw, or what it needs cannot be stored or
         * sent. Where the failure names a command, that counts as failed.
         */
        readonly kind: 'defect';
        readonly failure: Failure;
      }
  );

/** What happens to a saga as a whole; `started` and `step-done` are for those who watch every step. */
export type LifecycleEvent =
  | 'started'
  | 'step-done'
  | 'compensating'
  | 'suspended'
  | 'completed'
  | 'compensated'
  | 'terminated'
  | 'removed';

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
  | {
      /**
       * The command lies unread at its participant; it is neither sent again nor counted as unanswered while it does. Said
       * once for an attempt, however long that takes.
       */
      readonly kind: 'queued';
      readonly step: string;
      readonly direction: Direction;
      readonly visit: number;
      readonly attempt: number;
    }
  | {
      /**
       * `unsent`: the time of the command is up, and it may not have been sent yet: it does not count as unanswered. Said once,
       * however long that takes; then `sent` says that its time begins.
       */
      readonly kind: 'unsent' | 'sent';
      readonly step: string;
      readonly direction: Direction;
      readonly visit: number;
      readonly attempt: number;
    }
  /** The saga pauses or waits for a signal, until `at` where it has an end. */
  | { readonly kind: 'wait'; readonly step: string; readonly visit: number; readonly at?: number }
  /** A branch or a jump has chosen where to go on. */
  | { readonly kind: 'go'; readonly from: string; readonly to: string }
  | { readonly kind: 'publish'; readonly event: LifecycleEvent; readonly id: string }
  /** A child saga answers its parent. */
  | { readonly kind: 'answer'; readonly direction: Direction; readonly id: string }
  /** The instance and its history are deleted. */
  | { readonly kind: 'remove' };

/** Why an event that asks for something was not granted. The text says what could be done instead. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

export interface Transition {
  /** The same object that went in when the event changed nothing. */
  readonly instance: SagaInstance;
  readonly effects: readonly Effect[];
  /** To a call. */
  readonly answer?: CallAnswer;
  /** Nothing changed but when to look again. Milliseconds since 1970. */
  readonly wakeAt?: number;
  /** The event asked for what makes no sense now; nothing was changed. */
  readonly refused?: Refusal;
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
  | { readonly kind: 'started' | 'undone' | 'defect' }
  | { readonly kind: 'timer'; readonly due: readonly DueCommand[] }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'call'; readonly call: string }
  | { readonly kind: 'cancel'; readonly reason: string }
  | {
      readonly kind: 'operator';
      readonly action: OperatorAction['kind'];
      readonly actor: string;
      readonly reason: string;
      /** Of `retry` and `skip`: the step that was named. */
      readonly step?: string;
      /** Of `edit` and `repair`: which data was replaced. */
      readonly edited?: readonly string[];
    }
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
    // Said already by the cause.
    effects: effects.filter((effect) => effect.kind !== 'publish' || !isDetail(effect.event)),
    status: instance.status,
    ...(failure && { failure }),
  };
}

const LONGEST_REASON = 1_000;

/** What a person gave as a reason, or as their name, as it is kept. */
export function reasonText(text: string): string {
  return storable(text, LONGEST_REASON);
}

/** An event for those who watch every step, which says nothing new to who knows the history. */
export function isDetail(event: LifecycleEvent): boolean {
  return event === 'started' || event === 'step-done' || event === 'removed';
}

function causeOf(before: SagaInstance | null, event: SagaEvent): HistoryCause {
  switch (event.kind) {
    case 'started':
    case 'undone':
    case 'defect':
      return { kind: event.kind };
    case 'timer': {
      const due = before === null ? [] : noticedCommands(before, event);
      return { kind: 'timer', due: due.map(({ index: _, ...command }) => command) };
    }
    case 'signal':
      return { kind: 'signal', signal: event.signal };
    case 'call':
      return { kind: 'call', call: event.call };
    case 'cancel':
      return { kind: 'cancel', reason: reasonText(event.reason) };
    case 'operator': {
      const { action, note } = event;
      return {
        kind: 'operator',
        action: action.kind,
        actor: reasonText(note.actor),
        reason: reasonText(note.reason),
        ...('step' in action && action.step !== undefined && { step: action.step }),
        ...('data' in action && { edited: Object.keys(action.data) }),
      };
    }
    case 'reply': {
      const { command, attempt, outcome } = event;
      return {
        kind: 'reply',
        step: command.step,
        direction: command.direction,
        visit: command.visit,
        ...(attempt !== undefined && { attempt }),
        outcome: outcome.kind,
        ...(outcome.kind !== 'succeeded' && { code: outcome.code, message: outcome.message }),
      };
    }
  }
}
