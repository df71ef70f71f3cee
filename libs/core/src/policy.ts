import type { AnySaga, StepDefinition } from './definition.js';
import type { Direction } from './ids.js';
import { DEFAULT_STEP_RETRY, DEFAULT_UNDO_RETRY, mergeRetry, type RetryPolicy } from './retry-policy.js';

export const DEFAULT_TIMEOUT_MS = 30_000;

/** What holds for one command after defaults, saga and step have been merged. */
export interface EffectivePolicy {
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
}

export function effectivePolicy(
  definition: AnySaga,
  step: StepDefinition,
  direction: Direction,
): EffectivePolicy {
  const own = direction === 'do' ? step : step.undo;
  const defaults = direction === 'do' ? DEFAULT_STEP_RETRY : DEFAULT_UNDO_RETRY;
  return {
    retry: mergeRetry(defaults, definition.retry, own?.retry),
    timeoutMs: own?.timeoutMs ?? definition.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
}
