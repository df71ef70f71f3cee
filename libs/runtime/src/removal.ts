import { definitionRef, type OperatorNote, type SagaInstance, shortened } from '@skald/core';
import type { RemovedInstance } from '@skald/ports';

/** A year. */
export const DEFAULT_TRACE_RETENTION_MS = 365 * 86_400_000;
/** Retention removes as many instances as there are, and always for the one reason: their traces go after a month. */
const LONGEST_OF_RETENTION_MS = 30 * 86_400_000;
const LONGEST_TEXT = 1_000;

const BY_RETENTION: OperatorNote = {
  actor: 'retention',
  reason: 'it ended longer ago than the namespace keeps ended instances',
};

/**
 * @param by the operator who removes it; without one it is retention
 * @param keptMs how long the trace of an operator's removal stays
 */
export function traceOf(
  { namespace, id, incarnation, definition, status }: SagaInstance,
  by: OperatorNote | undefined,
  now: number,
  keptMs: number,
): RemovedInstance {
  const { actor, reason } = by ?? BY_RETENTION;
  return {
    namespace,
    id,
    ...(incarnation !== undefined && { incarnation }),
    definition: definitionRef(definition),
    status,
    removedAt: now,
    actor: shortened(actor, LONGEST_TEXT),
    reason: shortened(reason, LONGEST_TEXT),
    keptUntil: now + (by === undefined ? Math.min(keptMs, LONGEST_OF_RETENTION_MS) : keptMs),
  };
}
