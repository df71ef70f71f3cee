/* The ports Store, Transport and Clock, their errors, and what those on both sides of them need: runs in a browser, too. */
export { classTransformerStorage } from './class-transformer-storage.js';
export { CONNECTION_CODES } from './connection-codes.js';
export { databaseText, withoutValues } from './database-text.js';
export * from './dead-letters-port.js';
export { isEnvironments } from './environment.js';
export {
  ConcurrentChangeError,
  MessageRefusedError,
  messageOf,
  RequestRefusedError,
  stackOf,
  StartedBeforeError,
  StoreNotSetUpError,
  StoreTooSlowError,
  StoreUnavailableError,
  StoreUnusableError,
  TransportUnavailableError,
  UnknownDefinitionError,
  UnstorableError,
} from './errors.js';
export type { RefusedMessage } from './errors.js';
export { HandlerCalls } from './handler-calls.js';
export type { HandlerSurroundings } from './handler-calls.js';
export { runApart, type Apart, type Outcome } from './isolation.js';
export { keyText } from './key-text.js';
export { onceThere } from './once-there.js';
export type { Waiting } from './once-there.js';
export { Periodic } from './periodic.js';
export type { JobReport } from './periodic.js';
export * from './ports.js';
export { printableLog, printableStack } from './printable-log.js';
export * from './processes-port.js';
export * from './progress.js';
export { type PastStart, pastStartText, startIdOf } from './start-id.js';
export { arrayFrom, checkNames, checkTexts, outsideColumn, textColumn } from './text-column.js';
export { isTopicName } from './topic-name.js';
export { classesOfCommand, classesOfSaga, uncheckedClasses } from './unchecked-classes.js';
export type { ClassUse } from './unchecked-classes.js';
export { declaredMembers, firstProblems, validateData } from './validation.js';
export type { Validated } from './validation.js';
