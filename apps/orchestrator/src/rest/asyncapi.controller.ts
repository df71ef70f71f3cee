import { type AsyncApiDocument, asyncApiDocument, DefinitionRegistry } from '@skald/orchestrator';
import { Controller, Get, Inject, UseGuards } from '@nestjs/common';
import { NAMESPACE } from '../namespace.js';
import { NamespaceGuard } from './namespace.guard.js';

/** The messages of this orchestrator's sagas as an AsyncAPI document, with the JSON Schema of each. */
@Controller('api/v1/namespaces/:namespace/asyncapi')
@UseGuards(NamespaceGuard)
export class AsyncApiController {
  constructor(
    @Inject(NAMESPACE) private readonly namespace: string,
    @Inject(DefinitionRegistry) private readonly definitions: DefinitionRegistry,
  ) {}

  @Get()
  document(): AsyncApiDocument {
    return asyncApiDocument(this.namespace, this.definitions.all());
  }
}
