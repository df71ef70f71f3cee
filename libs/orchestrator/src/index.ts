export { SagaModule } from './saga.module.js';
export type { NamespaceOptions, SagaModuleOptions } from './saga-module-options.js';
export { DefinitionChangedError, DefinitionRegistry, RequestRefusedError, SagaEngine } from '@skald/runtime';
export type { StartedSaga } from '@skald/runtime';
