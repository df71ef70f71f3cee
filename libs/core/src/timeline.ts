import type { DueCommand } from './due-commands.js';
import type { Effect, HistoryCause, HistoryEntry } from './events.js';
import type { Direction } from './ids.js';

/**
 * One history entry as a line for people: what happened, and what came of it.
 *
 *     'store job' failed: handler_failed, disk full → 'store job' again in 0.2 s
 */
export function timelineText(entry: HistoryEntry): string {
  const results = entry.effects.map((effect) => effectText(effect, entry.at));
  if (entry.failure !== undefined && entry.failure.outcome === 'defect') {
    const { step, code, message } = entry.failure;
    results.unshift(`${step || 'the saga'}: ${[code, message].filter(Boolean).join(', ')}`);
  }
  const cause = causeText(entry.cause);
  return results.length === 0 ? cause : `${cause} → ${results.join(', ')}`;
}

function causeText(cause: HistoryCause): string {
  switch (cause.kind) {
    case 'started':
    case 'defect':
      return cause.kind;
    case 'undone':
      return 'compensated by its parent';
    case 'timer':
      return cause.due.length === 0 ? 'deadline' : cause.due.map(dueText).join(', ');
    case 'signal':
      return `signal '${cause.signal}'`;
    case 'call':
      return `call '${cause.call}'`;
    case 'cancel':
      return `cancelled: ${cause.reason}`;
    case 'operator': {
      const edited = cause.edited === undefined ? '' : ` of ${cause.edited.join(', ')}`;
      const step = cause.step === undefined ? '' : ` of '${cause.step}'`;
      return `${cause.actor}: ${cause.action}${step}${edited} (${cause.reason})`;
    }
    case 'reply': {
      const reason = [cause.code, cause.message].filter(Boolean).join(', ');
      const attempt = cause.attempt === undefined || cause.attempt === 1 ? '' : ` (attempt ${cause.attempt})`;
      const what = commandText(cause.direction, cause.step, cause.visit);
      return `${what} ${cause.outcome}${attempt}${reason && `: ${reason}`}`;
    }
  }
}

function dueText({ step, direction, visit, attempt, state }: DueCommand): string {
  const what = commandText(direction, step, visit);
  return state === 'pending' ? `no reply to ${what} (attempt ${attempt})` : `pause before ${what} is over`;
}

function effectText(effect: Effect, at: number): string {
  switch (effect.kind) {
    case 'send': {
      const attempt = effect.attempt === 1 ? '' : ` (attempt ${effect.attempt})`;
      return `send ${commandText(effect.direction, effect.step, effect.visit)}${attempt}`;
    }
    case 'retry':
      return `${commandText(effect.direction, effect.step, effect.visit)} again in ${seconds(effect.at - at)}`;
    case 'unsent':
      return `${commandText(effect.direction, effect.step, effect.visit)} is still to be sent`;
    case 'sent':
      return `${commandText(effect.direction, effect.step, effect.visit)} is sent now: its time begins`;
    case 'queued':
      return `${commandText(effect.direction, effect.step, effect.visit)} lies unread at its participant`;
    case 'wait': {
      const end = effect.at === undefined ? '' : `, at most ${seconds(effect.at - at)}`;
      return `wait in ${commandText('do', effect.step, effect.visit)}${end}`;
    }
    case 'go':
      return `from '${effect.from}' to '${effect.to}'`;
    case 'publish':
      return effect.event.toUpperCase();
    case 'answer':
      return 'answer the parent';
    case 'remove':
      return 'REMOVED';
  }
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1_000} s`;
}

const BEFORE = { do: '', undo: 'undo of ', probe: 'probe of ' } as const;

function commandText(direction: Direction, step: string, visit: number): string {
  return `${BEFORE[direction]}'${step}'${visit === 1 ? '' : ` (visit ${visit})`}`;
}
