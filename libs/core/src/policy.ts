import {
  type AnySaga,
  type CommandTemplate,
  type NamespaceDefaults,
  type SagaNode,
  templateOf,
} from './definition.js';
import { readTimeout } from './duration.js';
import type { Direction } from './ids.js';
import {
  checkIntervals,
  DEFAULT_RETRIABLE_RETRY,
  DEFAULT_STEP_RETRY,
  DEFAULT_UNDO_RETRY,
  mergeRetry,
  readRetry,
  type RetryOptions,
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

/**
 * Checks what shows only when defaults, namespace, saga and step are merged.
 *
 * @throws DefinitionError naming saga, step and option
 */
export function checkPolicies(definition: AnySaga): void {
  for (const node of definition.nodes) {
    for (const direction of ['do', 'undo', 'probe'] as const) {
      const own = templateOf(node, direction);
      if (own === undefined) continue;
      const layers = [own.retry, definition.retry, definition.defaults?.retry];
      const maximumMs = layers.find((one) => one?.maximumIntervalMs !== undefined)?.maximumIntervalMs;
      const place = direction === 'do' ? '' : `, ${direction}`;
      const subject = `saga '${definition.name}', step '${node.name}'${place}`;
      checkIntervals(
        subject,
        effectivePolicy(definition, node, direction).retry.initialIntervalMs,
        maximumMs,
      );
    }
  }
}

/** @throws DefinitionError naming the option that is out of bounds */
export function checkedDefaults({ retry, timeoutMs }: NamespaceDefaults): NamespaceDefaults {
  const subject = 'the defaults of a namespace';
  const { initialIntervalMs, maximumIntervalMs, ...others } = retry ?? {};
  const options: RetryOptions = {
    ...others,
    ...(initialIntervalMs !== undefined && { initialInterval: initialIntervalMs }),
    ...(maximumIntervalMs !== undefined && { maximumInterval: maximumIntervalMs }),
  };
  return {
    ...(retry && { retry: readRetry(subject, options) }),
    timeoutMs: readTimeout(subject, 'timeoutMs', timeoutMs),
  };
}

/** How long one attempt of a command gets. */
export function timeoutMs(definition: AnySaga, template: CommandTemplate | undefined): number {
  return template?.timeoutMs ?? definition.timeoutMs ?? definition.defaults?.timeoutMs ?? DEFAULT_TIMEOUT_MS;
}
