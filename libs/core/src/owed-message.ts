import { dataSeen } from './data-seen.js';
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
import {
  LifecycleType,
  type Message,
  orchestratorEvent,
  orchestratorSource,
  type OutgoingMessage,
  replyMessage,
  RequestType,
  topics,
} from './message.js';
import type { Mutable } from './mutable.js';
import { countingDeadline } from './pivot.js';
import { timeoutMs } from './policy.js';
import { timeText } from './time-text.js';

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
  const index = instance.visits.findIndex((one) => one.step === ref.step && one.visit === ref.visit);
  const visit = instance.visits[index];
  const exchange = visit && exchangeOf(visit, ref.direction);
  if (visit === undefined || !isOpen(exchange) || exchange.round !== ref.round) return undefined;

  const node = nodeNamed(definition, ref.step);
  const data = dataSeen(definition, instance, index, ref.direction);
  return node.kind === 'child'
    ? childRequest(instance, visit, node, data, { id, exchange, direction: ref.direction })
    : command(definition, instance, visit, node, data, { id, exchange, direction: ref.direction });
}

/** A child saga that says so has completed, and its parent cannot have its output. */
export const OUTPUT_TOO_LARGE = 'output_too_large';

/**
 * The same message without what makes it large, for a broker that refuses the whole one for good:
 * - the event `completed` says `{ truncated: true, reason }` in place of the output;
 * - a child saga's answer says that it failed, with the code `output_too_large`: its parent cannot go on, and compensates
 *   it with the rest.
 *
 * @param id as for `owedMessage`
 * @returns nothing for what cannot be made smaller, or has nothing that could be left out: a command, which stops its saga
 */
export function reducedMessage(
  definition: AnySaga,
  instance: SagaInstance,
  id: string,
): OutgoingMessage | undefined {
  const ref = parseId(id);
  if (!('event' in ref) || instance.output === undefined) return undefined;
  const whole = owedMessage(definition, instance, id);
  if (whole === undefined) return undefined;
  const { topic, message } = whole;
  switch (ref.event) {
    case 'completed': {
      const reason = 'the output is too large for the broker; the saga itself has it';
      return { topic, message: { ...message, data: { truncated: true, reason } } };
    }
    case 'answer-do': {
      const text = `the child saga '${instance.id}' has completed, but its output is too large for the broker`;
      const command = { ...message, id: message.commandid ?? '', replyto: topic };
      const outcome = { kind: 'failed', code: OUTPUT_TOO_LARGE, message: text } as const;
      return replyMessage(command, outcome, message.source);
    }
    default:
      return undefined;
  }
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
  const definition = { definition: node.saga.name, version: visit.version ?? node.saga.version };
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
      data: isStart ? { ...definition, input: node.payload(data) } : definition,
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
