import type { DueCommand, Effect, HistoryCause, HistoryEntry } from './events.js';
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
      return 'started';
    case 'timer':
      return cause.due.map(dueText).join(', ');
    case 'defect':
      return 'defect';
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
      return `${commandText(effect.direction, effect.step, effect.visit)} again in ${(effect.at - at) / 1_000} s`;
    case 'publish':
      return effect.event.toUpperCase();
  }
}

function commandText(direction: Direction, step: string, visit: number): string {
  return `${direction === 'undo' ? 'undo of ' : ''}'${step}'${visit === 1 ? '' : ` (visit ${visit})`}`;
}
