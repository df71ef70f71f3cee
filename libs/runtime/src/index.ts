export { DefinitionRegistry } from './definition-registry.js';
export { SagaEngine } from './engine.js';
export type { EngineOptions, StartedSaga } from './engine.js';
export { ConcurrentChangeError, messageOf, RequestRefusedError, stackOf } from './errors.js';
export type { StartRequest } from './inbound.js';
export * from './ports.js';
export { DefinitionChangedError, keyText } from './turn.js';
export { validateData } from './validation.js';
export type { Validated } from './validation.js';
