import type { Transition, transition } from '@skald/core';

/**
 * An engine whose instances are told apart by how often their id was used, and not by time and dice. All faults are
 * named after messages, and so leaving one out leaves the others where they were.
 *
 * @param livesOf how many instances of this id have begun and were removed
 */
export function withStableIncarnations(
  decide: typeof transition,
  livesOf: (id: string) => number,
): typeof transition {
  return (definition, before, event) => {
    const after = decide(definition, before, event);
    const incarnation = before === null ? after?.instance.incarnation : undefined;
    if (after === null || incarnation === undefined) return after;
    const life = `life-${1 + livesOf(after.instance.id)}`;
    return JSON.parse(JSON.stringify(after).replaceAll(incarnation, life)) as Transition;
  };
}
