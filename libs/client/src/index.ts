export { InvalidInputError, SagaRefusedError, SagaTimeoutError } from './errors.js';
export { SagaClient } from './saga-client.js';
export type { SagaClientOptions } from './saga-client.js';
export { SagaClientModule } from './saga-client.module.js';
export { SagaHandle } from './saga-handle.js';
export type { SagaOutcome } from './saga-handle.js';
