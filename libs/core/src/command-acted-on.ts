import { type AnySaga, findNode } from './definition.js';
import type { Direction } from './ids.js';
import { type ExchangeState, exchangeOf, isOpen, type SagaInstance } from './instance.js';

/** A command of an instance: that of a visit, in a direction. */
export interface CommandPlace {
  readonly index: number;
  readonly direction: Direction;
}

/**
 * The command that an operator's `retry` and `skip` are about: the one that the saga is suspended for; or, of a saga that a person
 * stopped, the one that it has in hand. Nothing where it has several in hand and none is named, and where it is stopped by
 * anything else.
 *
 * @param step whose command is meant. It may also be one that is in hand while the saga is suspended for another.
 */
export function commandActedOn(
  definition: AnySaga,
  instance: SagaInstance,
  step?: string,
): CommandPlace | undefined {
  const stuck = stuckOn(instance);
  const { suspension } = instance;
  if (step !== undefined && step !== suspension?.step) {
    const isSuspendedForCommand = stuck !== undefined || suspension?.outcome === 'operator';
    if (!isSuspendedForCommand) return undefined;
    return inHand(definition, instance).find(({ index }) => instance.visits[index]?.step === step);
  }
  if (stuck !== undefined || suspension?.outcome !== 'operator') return stuck;
  const open = inHand(definition, instance);
  const isProbed = instance.visits.some(({ probe }) => isOpen(probe));
  return open.length === 1 && !isProbed ? open[0] : undefined;
}

/** The command that the saga is suspended for; nothing when it is stopped for another reason. */
export function stuckOn(instance: SagaInstance): CommandPlace | undefined {
  const { suspension, visits } = instance;
  if (suspension?.direction === undefined) return undefined;
  const { direction, step } = suspension;
  const index = visits.findLastIndex((visit) => {
    const state = exchangeOf(visit, direction)?.state;
    return visit.step === step && state !== undefined && HAS_FAILED.has(state);
  });
  return index < 0 ? undefined : { index, direction };
}

const HAS_FAILED: ReadonlySet<ExchangeState> = new Set(['rejected', 'failed', 'unknown']);

/** The steps whose commands are in hand. */
export function stepsInHand(definition: AnySaga, instance: SagaInstance): string[] {
  return inHand(definition, instance).flatMap(({ index }) => instance.visits[index]?.step ?? []);
}

/** A child saga has operators of its own, and a probe ends by itself. */
function inHand(definition: AnySaga, { visits }: SagaInstance): CommandPlace[] {
  const open: CommandPlace[] = [];
  for (const [index, { step, action, undo }] of visits.entries()) {
    if (findNode(definition, step)?.kind !== 'step') continue;
    if (isOpen(action)) open.push({ index, direction: 'do' });
    if (isOpen(undo)) open.push({ index, direction: 'undo' });
  }
  return open;
}
