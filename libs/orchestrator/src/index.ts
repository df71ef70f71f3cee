export { SagaModule } from './saga.module.js';
export type { NamespaceOptions, SagaModuleOptions } from './saga-module-options.js';
export { RequestRefusedError } from '@skald/ports';
export { DefinitionChangedError, DefinitionRegistry, SagaEngine } from '@skald/runtime';
export type { StartedSaga } from '@skald/runtime';
export { type AsyncApiDocument, asyncApiDocument } from './asyncapi.js';
