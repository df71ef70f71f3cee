import { SkaldError } from '@skald/core';
import { messageOf, TransportUnavailableError } from '@skald/runtime';

const AWAY = ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'EAI_AGAIN'];

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
    if (!isCausedBy(error, 'KafkaJSSASLAuthenticationError')) return error;
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

/** Whether nobody answered at all, which waiting may mend. A wrong certificate or password is another matter. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && AWAY.includes(error.code)) return true;
  return (error.name === 'KafkaJSConnectionError' && /timeout/i.test(error.message)) || isAway(error.cause);
}
