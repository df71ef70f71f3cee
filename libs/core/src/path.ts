import { type AnySaga, findNode, type SagaNode } from './definition.js';
import { isEnded, type SagaInstance } from './instance.js';

/**
 * The nodes that an instance has before it, in order, as far as they are known: where a branch is still to come, its
 * arms are given together. Jumps are not foreseen.
 */
export function remainingPath(definition: AnySaga, instance: SagaInstance): string[] {
  if (
    isEnded(instance.status) ||
    instance.status === 'compensating' ||
    instance.resumeTo === 'compensating'
  ) {
    return [];
  }
  return pathFrom(definition, instance.cursor ?? undefined);
}

function pathFrom(definition: AnySaga, first: string | undefined, until?: string): string[] {
  const path: string[] = [];
  let node = first === undefined ? undefined : findNode(definition, first);
  while (node !== undefined && node.name !== until) {
    path.push(nodeText(definition, node));
    node = node.next === undefined ? undefined : findNode(definition, node.next);
  }
  return path;
}

function nodeText(definition: AnySaga, node: SagaNode): string {
  switch (node.kind) {
    case 'parallel':
      return `${node.name} (${node.arms.join(' + ')})`;
    case 'branch': {
      const arms = Object.entries(node.arms).map(([arm, first]) => {
        const steps = first === undefined ? [] : pathFrom(definition, first, node.next);
        return [arm, ...steps].join(': ');
      });
      return `${node.name} (${arms.join(' | ')})`;
    }
    default:
      return node.name;
  }
}
