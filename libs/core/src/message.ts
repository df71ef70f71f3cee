import { type AnySaga, definitionRef, nodeNamed, templateOf } from './definition.js';
import type { ReplyOutcome } from './events.js';
import { parseCommandId, parseId } from './ids.js';
import { commandIdOf, exchangeOf, isOpen, type SagaInstance, type Visit } from './instance.js';
import { hash64 } from './json.js';
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
  /** When the sender stops waiting. RFC 3339. */
  readonly deadline?: string;
  /** On a compensation: the id of the command that it undoes. */
  readonly compensates?: string;
  /** On a probe: the id of the command that it asks about. */
  readonly probes?: string;
  /** On a reply: the id of the command that it answers. */
  readonly commandid?: string;
  /** On a refusal: the id of the request that was refused. */
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
  /** Of a call, a cancel or a get. */
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
  const { namespace } = instance;
  const common = {
    specversion: '1.0',
    id,
    source: orchestratorSource(namespace),
    datacontenttype: 'application/json',
    namespace,
    step: ref.step,
    attempt: exchange.attempt,
    replyto: topics.replies(namespace),
    ...(ref.direction === 'undo' && { compensates: commandIdOf(instance, visit, 'do') }),
    ...(ref.direction === 'probe' && { probes: commandIdOf(instance, visit, 'do') }),
  } as const;
  if (node.kind === 'child') {
    const input = ref.direction === 'do' ? { input: node.payload(data) } : {};
    return {
      topic: topics.requests(namespace),
      message: {
        ...common,
        type: ref.direction === 'do' ? RequestType.start : RequestType.undo,
        sagaid: childId(instance.id, visit),
        data: { definition: node.saga.name, ...input },
      },
    };
  }
  const template = templateOf(node, ref.direction);
  if (template === undefined) return undefined;
  return {
    topic: topics.commands(namespace, template.command.participant),
    message: {
      ...common,
      type: template.command.type,
      sagaid: instance.id,
      sagaversion: definitionRef(instance.definition),
      ...(exchange.dueAt !== undefined && { deadline: new Date(exchange.dueAt).toISOString() }),
      data: template.payload(data),
    },
  };
}

const LONGEST_ID = 200;

/** The id of a child saga: the same for the same visit, so that it is started once. */
export function childId(parentId: string, { step, visit }: Pick<Visit, 'step' | 'visit'>): string {
  const readable = `${parentId}/${step}/${visit}`;
  return readable.length <= LONGEST_ID ? readable : `${hash64(parentId)}/${step}/${visit}`;
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

function lifecycleMessage(instance: SagaInstance, id: string, event: string): OutgoingMessage | undefined {
  const { namespace, failure, suspension, output } = instance;
  const [kind, index] = event.split('.');
  const visit = index === undefined ? undefined : instance.visits[Number(index)];
  if (kind === 'removed') return removedMessage(id);
  return orchestratorEvent(namespace, {
    id,
    type: `skald.saga.${kind}`,
    time: new Date(instance.updatedAt).toISOString(),
    sagaid: instance.id,
    sagaversion: definitionRef(instance.definition),
    ...(visit && { step: visit.step }),
    data: {
      ...(visit && { visit: visit.visit }),
      ...(kind === 'completed' && { output }),
      ...((kind === 'compensating' || kind === 'compensated') && failure && { failure }),
      ...(kind === 'suspended' && { suspension }),
    },
  });
}

/** The answer to a command: the same id for the same outcome, so that a copy can be told for one. */
export function replyMessage(
  command: Pick<Message, 'id' | 'namespace' | 'sagaid' | 'replyto' | 'attempt'>,
  outcome: ReplyOutcome,
  source: string,
): OutgoingMessage {
  const isFinal = outcome.kind !== 'failed';
  return {
    topic: command.replyto ?? topics.replies(command.namespace),
    message: {
      specversion: '1.0',
      id: isFinal ? `${command.id}/reply` : `${command.id}/failed/${command.attempt ?? 1}`,
      source,
      type: ReplyType[outcome.kind],
      datacontenttype: 'application/json',
      namespace: command.namespace,
      sagaid: command.sagaid,
      commandid: command.id,
      ...(command.attempt !== undefined && { attempt: command.attempt }),
      data: outcome.kind === 'succeeded' ? outcome.data : { code: outcome.code, message: outcome.message },
    },
  };
}
