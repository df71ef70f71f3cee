export { checkJson, NotJsonError } from './check-json.js';
export { call, command, mayReject, signal } from './contract.js';
export type {
  CallContract,
  CommandContract,
  RejectionOf,
  ReplyOf,
  RequestOf,
  SignalContract,
  UndoReplyOf,
} from './contract.js';
export { dataOf } from './data-seen.js';
export { canBeUndone, definitionRef, findNode, nodeNamed, templateOf } from './definition.js';
export type {
  AnySaga,
  BranchNode,
  CallHandler,
  CallResult,
  ChildNode,
  CommandTemplate,
  InputOf,
  NamespaceDefaults,
  OutputOf,
  ParallelNode,
  SagaData,
  SagaDefinition,
  SagaNode,
  SleepNode,
  StepClass,
  StepNode,
  WaitNode,
} from './definition.js';
export { type Duration, givenText, readDuration, readTimeout } from './duration.js';
export { DefinitionError, SkaldError } from './errors.js';
export { dueCommands } from './due-commands.js';
export type { DueCommand, IndexedCommand, Postponed, PostponeReason, TimerEvent } from './due-commands.js';
export { historyEntry, isDetail } from './events.js';
export type {
  Effect,
  HistoryCause,
  HistoryEntry,
  LifecycleEvent,
  Occurrence,
  OperatorAction,
  OperatorNote,
  Refusal,
  ReplyOutcome,
  SagaEvent,
  Transition,
} from './events.js';
export {
  canBeNamed,
  commandId,
  incarnationOf,
  lifecycleId,
  MalformedIdError,
  parseCommandId,
  parseId,
} from './ids.js';
export type { CommandRef, Direction, LifecycleRef } from './ids.js';
export { commandIdOf, exchangeOf, isEnded, isOpen, lifecycleIdOf } from './instance.js';
export type {
  CallAnswer,
  Exchange,
  ExchangeState,
  Failure,
  SagaInstance,
  SagaStatus,
  Visit,
} from './instance.js';
export { canonicalJson, hash64, isSameJson, jsonBytes } from './json.js';
export type { DataClass, Json, JsonObject, JsonShape, MustBeJson } from './json.js';
export { JsonTextError, MAXIMUM_JSON_DEPTH, MAXIMUM_JSON_MEMBERS, readJson } from './json-text.js';
export {
  LifecycleType,
  orchestratorEvent,
  orchestratorSource,
  OwnRejection,
  replyMessage,
  ReplyType,
  RequestType,
  topics,
} from './message.js';
export { commandActedOn } from './command-acted-on.js';
export { childId, OUTPUT_TOO_LARGE, owedMessage, reducedMessage, removedMessage } from './owed-message.js';
export type { Message, OutgoingMessage } from './message.js';
export { checkIdentifier, sagaIdProblem } from './names.js';
export { remainingPath } from './path.js';
export { checkedDefaults, checkPolicies, DEFAULT_TIMEOUT_MS, effectivePolicy } from './policy.js';
export { checkFlag, checkOptions, checkWhole } from './options.js';
export type { EffectivePolicy } from './policy.js';
export {
  isJsonType,
  isRecord,
  LONGEST_ID,
  MalformedMessageError,
  readMessage,
  readMessageText,
  readRequester,
  readRequesterText,
  type Requester,
} from './read-message.js';
export {
  DEFAULT_RETRIABLE_RETRY,
  DEFAULT_STEP_RETRY,
  DEFAULT_UNDO_RETRY,
  mergeRetry,
  readRetry,
  retryDelayMs,
} from './retry-policy.js';
export type { RetryOptions, RetryPolicy, RetrySettings } from './retry-policy.js';
export { saga } from './saga.js';
export type { AfterPivot, BeforePivot, ParallelRetriables, ParallelSteps } from './saga.js';
export type {
  ArmOptions,
  CallOptions,
  ChildOptions,
  CommandOptions,
  PivotOptions,
  ProbeAnswer,
  RetriableOptions,
  SagaOptions,
  StepOptions,
  Waited,
  WaitOptions,
} from './saga-options.js';
export { attributeProblem, printable, shortened, storable, textProblem, thrownText } from './text.js';
export { timelineText } from './timeline.js';
export { timeText } from './time-text.js';
export { transition } from './transition.js';
