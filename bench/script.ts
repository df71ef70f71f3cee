import {
  historyEntry,
  type Message,
  type OutgoingMessage,
  owedMessage,
  parseCommandId,
  replyMessage,
  type ReplyOutcome,
  RequestType,
  type SagaEvent,
  type SagaInstance,
  topics,
  transition,
} from '@skald/core';
import type { Changes } from '@skald/ports';
import { type Variant, orderOf, OrderSaga } from './work.js';

/** Stands for a saga's id in what is recorded; as long as the ids that the benchmark gives. */
export const PLACEHOLDER = 'saga-000000';

/** What one turn does to one saga. */
export interface Stage {
  /** The message that brings it about. */
  readonly cause: OutgoingMessage;
  readonly sent: readonly OutgoingMessage[];
  readonly changes: Pick<Changes, 'created' | 'updated' | 'history' | 'owed'>;
}

/**
 * Everything that one saga sends and stores, stage by stage, worked out by the pure engine. The ceilings send the same
 * messages and store the same rows without deciding anything.
 */
export function scriptOf(namespace: string, variant: Variant, paddingBytes: number): Stage[] {
  const input = { ...orderOf(variant, PLACEHOLDER, paddingBytes) };
  const stages: Stage[] = [];
  let instance: SagaInstance | null = null;
  let cause = startMessage(namespace, input);
  let event: SagaEvent = { kind: 'started', namespace, id: PLACEHOLDER, input, ...occurrence() };
  for (;;) {
    const before: SagaInstance | null = instance;
    const after = transition(OrderSaga, before, event);
    if (after === null) throw new Error('the script has come to an event for no saga');
    instance = after.instance;
    const owed = after.effects.flatMap((effect) => {
      if (effect.kind === 'send') return [effect.commandId];
      return effect.kind === 'publish' ? [effect.id] : [];
    });
    const sent = owed.flatMap((id) => owedMessage(OrderSaga, after.instance, id) ?? []);
    stages.push({
      cause,
      sent,
      changes: {
        created: before === null ? [instance] : [],
        updated: before === null ? [] : [{ instance, fromRevision: before.revision }],
        history: [{ key: { namespace, id: PLACEHOLDER }, entry: historyEntry(before, event, after) }],
        owed,
      },
    });
    const command = sent.find(({ topic }) => topic.endsWith('.commands'));
    if (command === undefined) return stages;
    const outcome = outcomeOf(command.message, variant);
    cause = replyMessage(command.message, outcome, '/skald/bench/participant');
    event = {
      kind: 'reply',
      command: parseCommandId(command.message.id),
      attempt: 1,
      outcome,
      ...occurrence(),
    };
  }
}

/** The same message for a saga of another id; its data keeps the placeholder, which is as long. */
export function messageFor({ topic, message }: OutgoingMessage, sagaid: string): OutgoingMessage {
  const { id, commandid, compensates } = message;
  return {
    topic,
    message: {
      ...message,
      id: id.replace(PLACEHOLDER, sagaid),
      sagaid,
      ...(commandid !== undefined && { commandid: commandid.replace(PLACEHOLDER, sagaid) }),
      ...(compensates !== undefined && { compensates: compensates.replace(PLACEHOLDER, sagaid) }),
    },
  };
}

/** The rows of several sagas in one stage, as one turn writes them. */
export function changesFor(
  { changes }: Pick<Stage, 'changes'>,
  ids: readonly string[],
  settled: readonly string[],
): Changes {
  const { created, updated, history, owed } = changes;
  return {
    created: ids.flatMap((id) => created.map((instance) => ({ ...instance, id }))),
    updated: ids.flatMap((id) => updated.map((one) => ({ ...one, instance: { ...one.instance, id } }))),
    history: ids.flatMap((id) => history.map((one) => ({ ...one, key: { ...one.key, id } }))),
    owed: ids.flatMap((id) => owed.map((one) => one.replace(PLACEHOLDER, id))),
    settled,
  };
}

/** An id that tells the variant, as long as those in a script. */
export function sagaIdOf(variant: Variant, number: number): string {
  return `${variant.padEnd(4, '-')}-${String(number).padStart(6, '0')}`;
}

/** Tells the stage that a message belongs to, and of which variant. */
export function stageKey({ id, sagaid, type }: Message, variant = sagaid.slice(0, 4)): string {
  const place = type === RequestType.start ? '' : id.replace(sagaid, PLACEHOLDER);
  return `${variant.padEnd(4, '-')} ${type} ${place}`;
}

function startMessage(namespace: string, input: object): OutgoingMessage {
  return {
    topic: topics.requests(namespace),
    message: {
      specversion: '1.0',
      id: '00000000-0000-0000-0000-000000000000',
      source: `/skald/${namespace}/bench`,
      type: RequestType.start,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      namespace,
      sagaid: PLACEHOLDER,
      data: { definition: OrderSaga.name, input },
    },
  };
}

function outcomeOf({ type, compensates }: Message, variant: Variant): ReplyOutcome {
  if (variant === 'comp' && compensates === undefined && type === 'shipping.book') {
    return { kind: 'rejected', code: 'no_route', message: '' };
  }
  return { kind: 'succeeded', data: { id: `done-${PLACEHOLDER}`, at: new Date().toISOString() } };
}

/** Each process works the script out for itself; an id holds when its saga began, so that is the same for all. */
const BEGUN = Date.UTC(2100, 0, 1);

function occurrence(): { at: number; random: number } {
  return { at: BEGUN, random: 0.5 };
}
