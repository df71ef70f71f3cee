import type { Transition, transition } from '@skald/core';

/**
 * An engine whose instances are told apart by how often their id was used, and not by time and dice. All faults are
 * named after messages, and so leaving one out leaves the others where they were.
 *
 * @param lifeOf which of the instances that had this id one after the other begins, from 1
 */
export function withStableIncarnations(
  decide: typeof transition,
  lifeOf: (id: string) => number,
): typeof transition {
  return (definition, before, event) => {
    const after = decide(definition, before, event);
    const incarnation = before === null ? after?.instance.incarnation : undefined;
    if (after === null || incarnation === undefined) return after;
    const life = `life-${lifeOf(after.instance.id)}`;
    return JSON.parse(JSON.stringify(after).replaceAll(incarnation, life)) as Transition;
  };
}
