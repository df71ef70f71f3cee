export {
  ClientClosedError,
  InvalidInputError,
  NoAnswerError,
  OutputTruncatedError,
  RestError,
  SagaRefusedError,
  SagaTimeoutError,
} from './errors.js';
export { KafkaSagaClient } from './kafka-saga-client.js';
export type { KafkaSagaClientOptions } from './kafka-saga-client.js';
export { RestSagaClient } from './rest-saga-client.js';
export type { RestSagaClientOptions } from './rest-saga-client.js';
export { SagaClient } from './saga-client.js';
export type {
  CallReply,
  CallRequest,
  RequestOptions,
  SagaHandle,
  SagaOutcome,
  SagaSnapshot,
  SignalData,
  StartOptions,
} from './saga-client.js';
export { SagaClientModule } from './saga-client.module.js';
