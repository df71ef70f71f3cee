import { type AnySaga, effectivePolicy, type SagaNode, templateOf } from '@skald/core';
import { DefinitionRegistry, SagaEngine } from '@skald/orchestrator';
import type { KeptCount } from '@skald/ports';
import { Controller, Get, Inject, UseGuards } from '@nestjs/common';
import { NamespaceGuard } from './namespace.guard.js';

/** What a step sends, and the policy that holds for it after namespace, saga and step have been merged. */
interface NodeView {
  readonly name: string;
  readonly kind: string;
  readonly next?: string;
  readonly commands?: Readonly<Record<string, { readonly type: string; readonly policy: object }>>;
}

@Controller('api/v1/namespaces/:namespace/definitions')
@UseGuards(NamespaceGuard)
export class DefinitionsController {
  constructor(
    @Inject(DefinitionRegistry) private readonly definitions: DefinitionRegistry,
    @Inject(SagaEngine) private readonly engine: SagaEngine,
  ) {}

  @Get()
  list(): object[] {
    return this.definitions.all().map((definition) => ({
      name: definition.name,
      version: definition.version,
      hash: definition.hash,
      steps: definition.nodes.map((node) => nodeView(definition, node)),
    }));
  }

  /** Messages that wait for definitions which no live process knows: how many, and for how long. */
  @Get('ownerless-messages')
  ownerlessMessages(): Promise<readonly KeptCount[]> {
    return this.engine.ownerlessMessages();
  }
}

function nodeView(definition: AnySaga, node: SagaNode): NodeView {
  const commands = (['do', 'undo', 'probe'] as const).flatMap((direction) => {
    const template = templateOf(node, direction);
    if (template === undefined) return [];
    const { retry, timeoutMs } = effectivePolicy(definition, node, direction);
    // JSON has no infinity.
    const maximumAttempts = Number.isFinite(retry.maximumAttempts) ? retry.maximumAttempts : 'unlimited';
    return [
      [direction, { type: template.command.type, policy: { ...retry, maximumAttempts, timeoutMs } }] as const,
    ];
  });
  return {
    name: node.name,
    kind: node.kind === 'step' ? node.class : node.kind,
    ...(node.next !== undefined && { next: node.next }),
    ...(commands.length > 0 && { commands: Object.fromEntries(commands) }),
  };
}
