import { shortened, SkaldError } from '@skald/core';
import type { RefusedMessage } from '@skald/ports';
import { isAway, isCausedBy } from './errors.js';
import type { TopicRecord } from './produce-parts.js';

export type RefusalCode = RefusedMessage['code'];

/** A record that Kafka never takes, and why. */
export interface RefusedRecord {
  readonly record: TopicRecord;
  readonly code: RefusalCode;
  /** Names the topic and nothing of the record's content. */
  readonly reason: string;
}

/** Kafka refuses records for good; all others that were sent with them are stored. */
export class RecordsRefusedError extends SkaldError {
  readonly code = 'records_refused';

  constructor(
    readonly refused: readonly RefusedRecord[],
    options?: ErrorOptions,
  ) {
    super(`Kafka refuses ${refused.length} record(s) for good: ${refused[0]?.reason ?? ''}`, options);
  }
}

const BY_TYPE: readonly (readonly [type: string, code: RefusalCode])[] = [
  ['MESSAGE_TOO_LARGE', 'too_large'],
  ['RECORD_LIST_TOO_LARGE', 'too_large'],
  ['INVALID_TOPIC_EXCEPTION', 'invalid_topic'],
  ['TOPIC_AUTHORIZATION_FAILED', 'not_allowed'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'unknown_topic'],
];
/** The connection, not what was sent over it. */
const OF_THE_CONNECTION = [
  'TooLateError',
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSSASLAuthenticationError',
];

/** What the broker's error says of the records, as far as it is about them; `unknown_topic` may yet prove wrong. */
export function refusalCode(error: unknown): RefusalCode | undefined {
  return BY_TYPE.find(([type]) => isCausedBy(error, type))?.[1];
}

/** Whether nothing at all can be sent now, so that no smaller request would go better. */
export function isOfTheConnection(error: unknown): boolean {
  return isAway(error) || OF_THE_CONNECTION.some((name) => isCausedBy(error, name));
}

export function refusedRecord(record: TopicRecord, code: RefusalCode): RefusedRecord {
  return { record, ...refusal(record.topic, code) };
}

/** Why a message to the topic is refused. */
export function refusal(topic: string, code: RefusalCode): Pick<RefusedMessage, 'code' | 'reason'> {
  return { code, reason: REASONS[code](shortened(topic, 249)) };
}

const REASONS: { readonly [code in RefusalCode]: (topic: string) => string } = {
  too_large: (topic) => `a message is larger than the topic '${topic}' takes (max.message.bytes)`,
  unknown_topic: (topic) => `the topic '${topic}' does not exist`,
  invalid_topic: (topic) => `'${topic}' can be no topic's name`,
  not_json: (topic) => `a message to '${topic}' cannot be written as JSON`,
  not_allowed: (topic) => `this client may not write to the topic '${topic}'`,
};
