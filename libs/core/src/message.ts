import {
  type AnySaga,
  type ChildNode,
  definitionRef,
  nodeNamed,
  type SagaData,
  type SagaNode,
  templateOf,
} from './definition.js';
import type { ReplyOutcome } from './events.js';
import { answeredRequest, type Direction, parseCommandId, parseId } from './ids.js';
import { commandIdOf, type Exchange, exchangeOf, isOpen, type SagaInstance, type Visit } from './instance.js';
import { hash64 } from './json.js';
import type { Mutable } from './mutable.js';
import { countingDeadline } from './pivot.js';
import { timeoutMs } from './policy.js';
import { timeText } from './time-text.js';
import { dataForCommand } from './turn.js';

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

/**
 * Derives a message that the outbox says is owed. It is never stored: instance and definition give the same message
 * again, before and after a crash.
 *
 * @param id what the outbox holds: the id of a command or of a lifecycle event
 * @returns nothing when it is no longer needed, because the command was answered meanwhile
 */
export function owedMessage(
  definition: AnySaga,
  instance: SagaInstance,
  id: string,
): OutgoingMessage | undefined {
  const ref = parseId(id);
  if ('event' in ref && ref.event === 'removed') return removedMessage(id);
  // Owed by an earlier instance of this id.
  if (ref.incarnation !== instance.incarnation) return undefined;
  if ('event' in ref) {
    return ref.event === 'answer-do' || ref.event === 'answer-undo'
      ? parentAnswer(instance, ref.event)
      : lifecycleMessage(instance, id, ref.event);
  }
  const visit = instance.visits.find((one) => one.step === ref.step && one.visit === ref.visit);
  const exchange = visit && exchangeOf(visit, ref.direction);
  if (visit === undefined || !isOpen(exchange) || exchange.round !== ref.round) return undefined;

  const node = nodeNamed(definition, ref.step);
  const data = dataForCommand(instance, visit, node, ref.direction);
  return node.kind === 'child'
    ? childRequest(instance, visit, node, data, { id, exchange, direction: ref.direction })
    : command(definition, instance, visit, node, data, { id, exchange, direction: ref.direction });
}

/** Which attempt of which command of a visit is to be sent. */
interface Sending {
  readonly id: string;
  readonly exchange: Exchange;
  readonly direction: Direction;
}

function command(
  definition: AnySaga,
  instance: SagaInstance,
  visit: Visit,
  node: SagaNode,
  data: SagaData,
  { id, exchange, direction }: Sending,
): OutgoingMessage | undefined {
  const template = templateOf(node, direction);
  if (template === undefined) return undefined;
  const { namespace } = instance;
  // One literal and few additions: what is spread into an object costs several times as much, for every command.
  const message: Mutable<Message> = {
    specversion: '1.0',
    id,
    source: orchestratorSource(namespace),
    type: template.command.type,
    datacontenttype: 'application/json',
    namespace,
    sagaid: instance.id,
    sagaversion: definitionRef(instance.definition),
    step: visit.step,
    attempt: exchange.attempt,
    replyto: topics.replies(namespace),
    timeout: Math.max(1, Math.ceil(timeoutMs(definition, template))),
    data: template.payload(data),
  };
  const deadline = direction === 'do' ? countingDeadline(definition, instance) : undefined;
  if (deadline !== undefined) message.deadline = timeText(deadline);
  if (direction === 'undo') message.compensates = commandIdOf(instance, visit, 'do');
  if (direction === 'probe') message.probes = commandIdOf(instance, visit, 'do');
  return { topic: topics.commands(namespace, template.command.participant), message };
}

/** A child saga is started and undone by requests of the orchestrator to itself. */
function childRequest(
  instance: SagaInstance,
  visit: Visit,
  node: ChildNode,
  data: SagaData,
  { id, exchange, direction }: Sending,
): OutgoingMessage {
  const { namespace } = instance;
  const isStart = direction === 'do';
  return {
    topic: topics.requests(namespace),
    message: {
      specversion: '1.0',
      id,
      source: orchestratorSource(namespace),
      type: isStart ? RequestType.start : RequestType.undo,
      datacontenttype: 'application/json',
      namespace,
      sagaid: childId(instance, visit),
      step: visit.step,
      attempt: exchange.attempt,
      replyto: topics.replies(namespace),
      ...(!isStart && { compensates: commandIdOf(instance, visit, 'do') }),
      data: { definition: node.saga.name, ...(isStart && { input: node.payload(data) }) },
    },
  };
}

const LONGEST_ID = 200;

/**
 * The id of a child saga: the same for the same visit, so that it is started once, and another one for a later parent of
 * the same id.
 */
export function childId(
  parent: Pick<SagaInstance, 'id' | 'incarnation'>,
  { step, visit }: Pick<Visit, 'step' | 'visit'>,
): string {
  const { id, incarnation } = parent;
  const place = incarnation === undefined ? `${step}/${visit}` : `${incarnation}/${step}/${visit}`;
  const readable = `${id}/${place}`;
  return readable.length <= LONGEST_ID ? readable : `${hash64(id)}/${place}`;
}

/** What a child saga answers its parent, by how it stands. */
function parentAnswer(instance: SagaInstance, event: string): OutgoingMessage | undefined {
  const { parent, namespace } = instance;
  const commandId = event === 'answer-do' ? parent?.doId : parent?.undoId;
  if (commandId === undefined) return undefined;
  const { sagaId } = parseCommandId(commandId);
  const outcome = event === 'answer-do' ? outcomeOfDoing(instance) : outcomeOfUndoing(instance);
  const command = { id: commandId, namespace, sagaid: sagaId, replyto: topics.replies(namespace) };
  return replyMessage(command, outcome, orchestratorSource(namespace));
}

function outcomeOfDoing({ output, status, failure }: SagaInstance): ReplyOutcome {
  if (output !== undefined) return { kind: 'succeeded', data: output };
  const { code = status, message = '' } = failure ?? {};
  return { kind: 'rejected', code, message };
}

function outcomeOfUndoing({ status, id }: SagaInstance): ReplyOutcome {
  if (status === 'compensated') return { kind: 'succeeded', data: null };
  const code = status === 'completed' ? 'past_pivot' : status;
  return { kind: 'rejected', code, message: `the child saga '${id}' cannot be compensated` };
}

/** The last event of a saga says all by its id: the instance is gone when it is sent. */
export function removedMessage(id: string): OutgoingMessage | undefined {
  const ref = parseId(id);
  if (!('event' in ref) || ref.event !== 'removed') return undefined;
  const { namespace, sagaId, definition } = ref;
  return orchestratorEvent(namespace, {
    id,
    type: LifecycleType.removed,
    sagaid: sagaId,
    sagaversion: definition,
    data: {},
  });
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

function lifecycleMessage(instance: SagaInstance, id: string, event: string): OutgoingMessage {
  const dot = event.indexOf('.');
  const kind = dot < 0 ? event : event.slice(0, dot);
  const requestId = kind === 'started' ? answeredRequest(event) : undefined;
  const visit = dot < 0 || kind === 'started' ? undefined : instance.visits[Number(event.slice(dot + 1))];
  const { namespace } = instance;
  const message: Mutable<Message> = {
    specversion: '1.0',
    id,
    source: orchestratorSource(namespace),
    type: `skald.saga.${kind}`,
    time: timeText(instance.updatedAt),
    datacontenttype: 'application/json',
    namespace,
    sagaid: instance.id,
    sagaversion: definitionRef(instance.definition),
    data: visit === undefined ? tellsOf(instance, kind) : { visit: visit.visit },
  };
  if (visit !== undefined) message.step = visit.step;
  if (requestId !== undefined) message.requestid = requestId;
  return { topic: topics.events(namespace), message };
}

/** What an event about the saga as a whole carries. */
function tellsOf({ failure, suspension, output }: SagaInstance, kind: string): object {
  switch (kind) {
    case 'completed':
      return { output };
    case 'suspended':
      return { suspension };
    case 'compensating':
    case 'compensated':
      return failure === undefined ? {} : { failure };
    default:
      return {};
  }
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
