import type { SagaEvent } from './events.js';
import type { Direction } from './ids.js';
import { type Exchange, exchangeOf, isOpen, type SagaInstance } from './instance.js';

export type TimerEvent = Extract<SagaEvent, { kind: 'timer' }>;

/** A command, pause or wait that a timer found. */
export interface DueCommand {
  readonly step: string;
  readonly direction: Direction;
  readonly visit: number;
  readonly attempt: number;
  /** `pending` had no reply or signal in time, `waiting` was to go on now. */
  readonly state: 'pending' | 'waiting';
}

/** The same, with the place of its visit among all. */
export type IndexedCommand = DueCommand & { readonly index: number };

/**
 * Why a command whose time has come does not count yet:
 * - `unsent`: it may not have been sent yet, so that its participant was not asked
 * - `sent`: it was `unsent` and is sent now, so that its time begins
 * - `queued`: it lies unread at its participant, so its silence is the queue's
 * - `backlog`: the orchestrators have not read what came before that time; the reply may be among it
 * - `budget`: its participant was sent so much twice lately that a further attempt has to wait
 */
export type PostponeReason = 'unsent' | 'sent' | 'queued' | 'backlog' | 'budget';

/** A command, a wait for a signal or a pause that a timer found and that is looked at again later. */
export interface Postponed {
  /** Of its visit. */
  readonly index: number;
  readonly direction: Direction;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly reason: PostponeReason;
}

/** The commands, pauses and waits whose time has come, with the index of their visit. */
export function dueCommands(instance: SagaInstance, at: number): IndexedCommand[] {
  const due: IndexedCommand[] = [];
  for (const [index, visit] of instance.visits.entries()) {
    for (const direction of ['do', 'undo', 'probe'] as const) {
      const exchange = exchangeOf(visit, direction);
      if (!isOpen(exchange) || exchange.dueAt === undefined || exchange.dueAt > at) continue;
      const { attempt } = exchange;
      const state = exchange.state === 'waiting' ? 'waiting' : 'pending';
      due.push({ index, step: visit.step, direction, visit: visit.visit, attempt, state });
    }
  }
  return due;
}

/** Of the commands that are due, those that are not postponed. */
export function countingCommands(instance: SagaInstance, event: TimerEvent): IndexedCommand[] {
  return dueCommands(instance, event.at).filter((command) => postponing(event, command) === undefined);
}

/** Those, and the ones of which the history says now that they are not sent, or lie unread, or that their time begins. */
export function noticedCommands(instance: SagaInstance, event: TimerEvent): IndexedCommand[] {
  return dueCommands(instance, event.at).filter((command) => {
    const postponed = postponing(event, command);
    if (postponed === undefined) return true;
    const visit = instance.visits[command.index];
    const exchange = visit && exchangeOf(visit, command.direction);
    return exchange !== undefined && isNews(exchange, postponed.reason);
  });
}

/** Whether the history is to say why an exchange is postponed: it says so once. */
export function isNews({ state, queued, unsent }: Exchange, reason: PostponeReason): boolean {
  if (state !== 'pending') return false;
  switch (reason) {
    case 'unsent':
      return unsent !== true;
    case 'sent':
      return unsent === true;
    case 'queued':
      return queued !== true;
    case 'backlog':
    case 'budget':
      return false;
  }
}

/** How a timer postpones a command, if it does. */
export function postponing(
  { postponed }: Pick<TimerEvent, 'postponed'>,
  { index, direction }: Pick<IndexedCommand, 'index' | 'direction'>,
): Postponed | undefined {
  return postponed?.find((one) => one.index === index && one.direction === direction);
}
