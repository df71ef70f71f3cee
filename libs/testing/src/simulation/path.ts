import { type AnySaga, findNode, type SagaInstance, type SagaNode, type Visit } from '@skald/core';

/**
 * Follows the visits of a completed saga through its definition, without asking the engine.
 *
 * @returns what is wrong with the path, if something is
 */
export function pathProblem({ visits }: SagaInstance, definition: AnySaga): string | undefined {
  let allowed: ReadonlySet<string | undefined> = new Set([definition.first]);
  const arms = new Set<string>();
  for (const visit of visits) {
    const node = findNode(definition, visit.step);
    if (node === undefined) return `there is no step '${visit.step}'`;
    if (arms.delete(visit.step)) continue;
    if (arms.size > 0) return `'${visit.step}' was visited before ${[...arms].join(', ')}`;
    if (!allowed.has(visit.step)) return `'${visit.step}' does not follow what came before it`;
    if (node.kind === 'parallel') for (const arm of node.arms) arms.add(arm);
    allowed = following(node, visit, definition);
  }
  if (arms.size > 0) return `completed without ${[...arms].join(', ')}`;
  return allowed.has(undefined) ? undefined : `completed without ${[...allowed].join(' or ')}`;
}

function following(node: SagaNode, visit: Visit, definition: AnySaga): ReadonlySet<string | undefined> {
  switch (node.kind) {
    case 'branch':
      return new Set([node.arms[visit.arm ?? ''] ?? node.next]);
    case 'step': {
      if (visit.action.state === 'rejected') return new Set([node.onRejected[visit.action.code ?? '']]);
      // A jump may lead back to any step that stands before it.
      const { nodes } = definition;
      const back = nodes.slice(0, nodes.indexOf(node) + 1).map(({ name }) => name);
      return new Set([node.next, ...back]);
    }
    case 'parallel':
    case 'child':
    case 'sleep':
    case 'wait':
      return new Set([node.next]);
  }
}
