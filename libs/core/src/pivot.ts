import { type AnySaga, nodeNamed } from './definition.js';
import type { SagaInstance } from './instance.js';

/** True once the pivot may have taken effect: from then on nothing can be undone. */
export function isPastPivot(definition: AnySaga, visits: SagaInstance['visits']): boolean {
  return visits.some(({ step, action }) => {
    const node = nodeNamed(definition, step);
    const isPivot = node.kind === 'step' && node.class === 'pivot';
    return isPivot && action.state !== 'rejected' && action.state !== 'absent';
  });
}

/** When the saga is turned back whatever happens, as long as it can be: milliseconds since 1970. */
export function countingDeadline(definition: AnySaga, instance: SagaInstance): number | undefined {
  const { deadlineAt, status, failure, visits } = instance;
  if (deadlineAt === undefined || status !== 'running' || failure !== undefined) return undefined;
  return isPastPivot(definition, visits) ? undefined : deadlineAt;
}
