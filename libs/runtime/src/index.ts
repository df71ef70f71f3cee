export { DefinitionRegistry } from './definition-registry.js';
export { SagaEngine } from './engine.js';
export type { EngineOptions } from './engine.js';
export type { Started as StartedSaga } from './inside-requests.js';
export type { StartRequest } from './inbound.js';
export { findMisfits, type MisfitReport } from './upkeep.js';
export { DefinitionChangedError } from './turn.js';
