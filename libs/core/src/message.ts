import type { ReplyOutcome } from './events.js';
import type { Mutable } from './mutable.js';

/**
 * A CloudEvents 1.0 event with the extension attributes that Skald uses; see docs/wire-protocol.md.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export interface Message {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** RFC 3339. */
  readonly time?: string;
  readonly datacontenttype?: string;
  readonly data?: unknown;
  readonly namespace: string;
  readonly sagaid: string;
  /** `name@version` of the definition. */
  readonly sagaversion?: string;
  readonly step?: string;
  /** Number of the attempt, from 1. */
  readonly attempt?: number;
  /** The topic that the reply goes to. */
  readonly replyto?: string;
  /**
   * On a command: how long the orchestrator gives one attempt, in milliseconds. The participant counts from when it begins
   * to handle the command; time in the topic does not count.
   */
  readonly timeout?: number;
  /** On a command of a saga with a deadline that still counts: when the saga is turned back whatever happens. RFC 3339. */
  readonly deadline?: string;
  /** On a compensation: the id of the command that it undoes. */
  readonly compensates?: string;
  /** On a probe: the id of the command that it asks about. */
  readonly probes?: string;
  /** On a reply: the id of the command that it answers. */
  readonly commandid?: string;
  /** On an answer or a refusal: the id of the request. */
  readonly requestid?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
}

/** A message and where it goes. Its key in Kafka is the saga's id, which keeps a saga's messages in order. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly message: Message;
}

export const ReplyType = {
  succeeded: 'skald.reply.succeeded',
  rejected: 'skald.reply.rejected',
  failed: 'skald.reply.failed',
} as const;

/** Codes with which the participant library itself says no, whatever the contract of the command declares. */
export const OwnRejection = {
  /** The payload does not fit the contract. */
  invalidRequest: 'invalid_request',
  /** The compensation of the command came first. */
  compensatedBefore: 'compensated_before',
  /** A probe of the command came first, and was told that it had not happened. */
  probedBefore: 'probed_before',
} as const;

/** What may be asked of the orchestrator, on its request topic. */
export const RequestType = {
  start: 'skald.saga.start',
  signal: 'skald.saga.signal',
  call: 'skald.saga.call',
  cancel: 'skald.saga.cancel',
  get: 'skald.saga.get',
  /** From a parent saga to its child only. */
  undo: 'skald.saga.undo',
} as const;

export const LifecycleType = {
  started: 'skald.saga.started',
  stepDone: 'skald.saga.step-done',
  removed: 'skald.saga.removed',
  compensating: 'skald.saga.compensating',
  suspended: 'skald.saga.suspended',
  completed: 'skald.saga.completed',
  compensated: 'skald.saga.compensated',
  terminated: 'skald.saga.terminated',
  /** Of a request that was not carried out. */
  refused: 'skald.request.refused',
  /** Of a call, a cancel, a get, and of what else asks for it. */
  answered: 'skald.request.answered',
} as const;

/** Names of the topics. A namespace's topics begin with its name. */
export const topics = {
  commands: (namespace: string, participant: string): string => `${namespace}.${participant}.commands`,
  replies: (namespace: string): string => `${namespace}.saga.replies`,
  requests: (namespace: string): string => `${namespace}.saga.requests`,
  events: (namespace: string): string => `${namespace}.saga.events`,
  deadLetters: (topic: string): string => `${topic}.dlq`,
} as const;

/** Where the orchestrator's own messages come from. */
export function orchestratorSource(namespace: string): string {
  return `/skald/${namespace}/orchestrator`;
}

/** What the orchestrator publishes on the lifecycle topic. */
export function orchestratorEvent(
  namespace: string,
  event: Pick<Message, 'id' | 'type' | 'sagaid' | 'data'> & Partial<Message>,
): OutgoingMessage {
  return {
    topic: topics.events(namespace),
    message: {
      specversion: '1.0',
      source: orchestratorSource(namespace),
      datacontenttype: 'application/json',
      namespace,
      ...event,
    },
  };
}

/** The answer to a command: the same id for the same outcome, so that a copy can be told for one. */
export function replyMessage(
  command: Pick<Message, 'id' | 'namespace' | 'sagaid' | 'replyto' | 'attempt'>,
  outcome: ReplyOutcome,
  source: string,
): OutgoingMessage {
  const isFinal = outcome.kind !== 'failed';
  const message: Mutable<Message> = {
    specversion: '1.0',
    id: isFinal ? `${command.id}/reply` : `${command.id}/failed/${command.attempt ?? 1}`,
    source,
    type: ReplyType[outcome.kind],
    datacontenttype: 'application/json',
    namespace: command.namespace,
    sagaid: command.sagaid,
    commandid: command.id,
    data: outcome.kind === 'succeeded' ? outcome.data : { code: outcome.code, message: outcome.message },
  };
  if (command.attempt !== undefined) message.attempt = command.attempt;
  return { topic: command.replyto ?? topics.replies(command.namespace), message };
}
