import { type AnySaga, type CommandTemplate, type SagaNode, templateOf } from './definition.js';
import type { Direction } from './ids.js';
import {
  DEFAULT_RETRIABLE_RETRY,
  DEFAULT_STEP_RETRY,
  DEFAULT_UNDO_RETRY,
  mergeRetry,
  type RetryPolicy,
} from './retry-policy.js';

export const DEFAULT_TIMEOUT_MS = 30_000;

/** What holds for one command after defaults, namespace, saga and step have been merged. */
export interface EffectivePolicy {
  readonly retry: RetryPolicy;
  /** No reply is awaited for longer; absent for a child saga, which has its own times. */
  readonly timeoutMs: number | undefined;
}

export function effectivePolicy(definition: AnySaga, node: SagaNode, direction: Direction): EffectivePolicy {
  const own = templateOf(node, direction);
  const base =
    direction !== 'do'
      ? DEFAULT_UNDO_RETRY
      : node.kind === 'step' && node.class === 'retriable'
        ? DEFAULT_RETRIABLE_RETRY
        : DEFAULT_STEP_RETRY;
  return {
    retry: mergeRetry(base, definition.defaults?.retry, definition.retry, own?.retry),
    timeoutMs: node.kind === 'child' ? undefined : timeoutMs(definition, own),
  };
}

/** How long one attempt of a command gets. */
export function timeoutMs(definition: AnySaga, template: CommandTemplate | undefined): number {
  return template?.timeoutMs ?? definition.timeoutMs ?? definition.defaults?.timeoutMs ?? DEFAULT_TIMEOUT_MS;
}
