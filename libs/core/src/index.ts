export { command } from './contract.js';
export type { CommandContract, RejectionOf, ReplyOf, RequestOf } from './contract.js';
export { definitionRef, stepNamed } from './definition.js';
export type {
  AnySaga,
  CommandTemplate,
  InputOf,
  OutputOf,
  SagaData,
  SagaDefinition,
  StepDefinition,
} from './definition.js';
export type { Duration } from './duration.js';
export { readDuration } from './duration.js';
export { DefinitionError, SkaldError } from './errors.js';
export { historyEntry } from './events.js';
export type {
  DueCommand,
  Effect,
  HistoryCause,
  HistoryEntry,
  LifecycleEvent,
  Occurrence,
  ReplyOutcome,
  SagaEvent,
  Transition,
} from './events.js';
export { actionIdOf, commandId, lifecycleId, MalformedIdError, parseCommandId, parseId } from './ids.js';
export type { CommandRef, Direction, LifecycleRef } from './ids.js';
export { commandIdOf, exchangeOf, isEnded, isOpen } from './instance.js';
export type { Exchange, ExchangeState, Failure, SagaInstance, SagaStatus, Visit } from './instance.js';
export { canonicalJson, hash64 } from './json.js';
export type { DataClass, Json, JsonObject, JsonShape, MustBeJson } from './json.js';
export {
  LifecycleType,
  orchestratorSource,
  owedMessage,
  replyMessage,
  ReplyType,
  RequestType,
  topics,
} from './message.js';
export type { Message, OutgoingMessage } from './message.js';
export { checkIdentifier, sagaIdProblem } from './names.js';
export { isRecord, MalformedMessageError, readMessage } from './read-message.js';
export { effectivePolicy } from './policy.js';
export type { EffectivePolicy } from './policy.js';
export {
  DEFAULT_STEP_RETRY,
  DEFAULT_UNDO_RETRY,
  mergeRetry,
  readRetry,
  retryDelayMs,
} from './retry-policy.js';
export type { RetryOptions, RetryPolicy, RetrySettings } from './retry-policy.js';
export { saga } from './saga.js';
export type { SagaBuilder, SagaOptions, StepOptions } from './saga.js';
export { timelineText } from './timeline.js';
export { dataOf, transition } from './transition.js';
