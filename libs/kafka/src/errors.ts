import { SkaldError } from '@skald/core';
import { CONNECTION_CODES, messageOf, TransportUnavailableError } from '@skald/ports';

/** What kafkajs calls a broker that hung up, or does not answer. */
const SILENT = new Set([
  'KafkaJSConnectionClosedError',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSRequestTimeoutError',
]);
/** Without a code, and in the login as the login's own failure. */
const HUNG_UP = /timeout|connection closed by the server/i;
/** What kafkajs calls a cluster of which it does not know enough yet. */
const UNKNOWN_YET = new Set([
  'KafkaJSBrokerNotFound',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSLockTimeout',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTimeout',
  'KafkaJSTopicMetadataNotLoaded',
]);
/** Answers of a broker that is starting or stopping, or of a cluster that misses one. */
const NOT_YET = new Set([
  'BROKER_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
  'KAFKA_STORAGE_ERROR',
  'LEADER_NOT_AVAILABLE',
  'LISTENER_NOT_FOUND',
  'NETWORK_EXCEPTION',
  'NOT_CONTROLLER',
  'NOT_COORDINATOR_FOR_GROUP',
  'NOT_LEADER_FOR_PARTITION',
  'REPLICA_NOT_AVAILABLE',
  'REQUEST_TIMED_OUT',
]);

/** An option of the transport or of a consumer is wrong. Thrown before anything connects. */
export class KafkaOptionsError extends SkaldError {
  readonly code = 'invalid_kafka_options';

  constructor(
    readonly option: string,
    problem: string,
  ) {
    super(`Kafka option '${option}': ${problem}`);
  }
}

/** A topic is not there. Skald never lets a broker create topics by accident: a typing error would swallow messages. */
export class UnknownTopicError extends SkaldError {
  readonly code = 'unknown_topic';

  constructor(
    readonly topics: readonly string[],
    options?: ErrorOptions,
  ) {
    super(
      `At least one of these topics does not exist: ${topics.join(', ')}. Create it with ensureTopics() before it is used.`,
      options,
    );
  }
}

/** Existing topics are set up so that messages would be lost in them. Nothing is sent or taken before they are mended. */
export class UnsafeTopicError extends SkaldError {
  readonly code = 'unsafe_topic';

  constructor(readonly topics: readonly string[]) {
    super(
      `Messages would be lost in ${topics.join(', ')}: cleanup.policy keeps only the newest message of each saga. ` +
        'Set it to delete: kafka-configs.sh --alter --entity-type topics --entity-name <topic> ' +
        '--add-config cleanup.policy=delete',
    );
  }
}

/** The broker compresses what is in these topics in a way that this build cannot read. */
export class UnreadableTopicError extends SkaldError {
  readonly code = 'unreadable_topic';

  constructor(readonly topics: readonly string[]) {
    super(
      `The compression.type of ${topics.join(', ')} is none that can be read here; ` +
        'set it to producer, uncompressed, gzip, snappy, lz4 or zstd.',
    );
  }
}

/** The brokers refuse the login. Waiting does not help. */
export class KafkaLoginError extends TransportUnavailableError {
  readonly code = 'kafka_login_failed';

  /** @returns the error in these words when it is about the login, otherwise as it is */
  static from(error: unknown): unknown {
    // One that broke off is nobody's no.
    if (!isCausedBy(error, 'KafkaJSSASLAuthenticationError') || isAway(error)) return error;
    return new KafkaLoginError(
      `The Kafka brokers refuse the login: ${messageOf(error)}. Check mechanism, user name and password, and whether ` +
        'the brokers ask for TLS.',
      { cause: error },
    );
  }
}

/** The broker did not confirm all messages of a send; some of them may be stored all the same. Send them again. */
export class KafkaSendError extends TransportUnavailableError {
  readonly code = 'kafka_send_failed';
}

/** Topics that are there have nobody who answers for them yet. */
export class TopicsNotReadyError extends TransportUnavailableError {
  readonly code = 'topics_not_ready';
}

/** A topic could not be read to its end. */
export class KafkaReadError extends TransportUnavailableError {
  readonly code = 'kafka_read_failed';
}

/** The transport was closed, or the consumer stopped, before it was ready. */
export class TransportClosedError extends TransportUnavailableError {
  readonly code = 'transport_closed';
}

/**
 * Follows `cause` to the name or type that kafkajs gave the first error; its retries wrap it several times.
 *
 * @param kind a name (`KafkaJSConnectionError`) or a type of the protocol (`UNKNOWN_TOPIC_OR_PARTITION`)
 */
export function isCausedBy(error: unknown, kind: string): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === kind || ('type' in error && error.type === kind)) return true;
  return isCausedBy(error.cause, kind);
}

/** Whether nobody answered at all, or hung up, which waiting may mend. A wrong certificate or password is another matter. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && CONNECTION_CODES.has(error.code)) return true;
  const isMute = error.name === 'KafkaJSConnectionError' || error.name === 'KafkaJSSASLAuthenticationError';
  if (SILENT.has(error.name) || (isMute && HUNG_UP.test(error.message))) return true;
  return isAway(error.cause);
}

/** Whether a process that boots should wait: the broker is away, or answers that it, or another, is not ready. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (isAway(error) || error instanceof TopicsNotReadyError || UNKNOWN_YET.has(error.name)) return true;
  if ('type' in error && typeof error.type === 'string' && NOT_YET.has(error.type)) return true;
  // What kafkajs throws when topics could not be created, one by one.
  const errors: unknown = 'errors' in error ? error.errors : undefined;
  return isPassing(error.cause) || (Array.isArray(errors) && errors.some((one) => isPassing(one)));
}
