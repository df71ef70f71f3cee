import { historyEntry, ReplyType, type SagaEvent, transition } from '@skald/core';
import { PLACEHOLDER, scriptOf, type Stage } from '../script.js';
import { OrderSaga, type Participant, PARTICIPANTS } from '../work.js';

/** A row that a participant keeps of a command that went well. */
export interface Handled {
  readonly participant: Participant;
  readonly commandId: string;
  readonly reply: unknown;
}

/** What one saga of the past left in the databases. */
export interface PastSaga {
  /** As the engine saved it, turn by turn. */
  readonly turns: readonly Pick<Stage, 'changes'>[];
  readonly handled: readonly Handled[];
}

export function completedSaga(namespace: string): PastSaga {
  const stages = scriptOf(namespace, 'ok', 0);
  return { turns: stages, handled: handledIn(stages) };
}

/** A saga that stopped at its second step, whose command was sent and whose reply could not be used. */
export function suspendedSaga(namespace: string): PastSaga {
  const stages = scriptOf(namespace, 'ok', 0).slice(0, 2);
  const before = stages[1]?.changes.updated[0]?.instance;
  if (before === undefined) throw new Error('the script has no second stage');
  const event: SagaEvent = {
    kind: 'defect',
    failure: {
      step: 'take payment',
      outcome: 'defect',
      code: 'definition_threw',
      message: "Cannot read properties of undefined (reading 'currency')",
    },
    at: before.updatedAt,
    random: 0.5,
  };
  const after = transition(OrderSaga, before, event);
  if (after === null) throw new Error('the saga to suspend is not there');
  const stop: Stage['changes'] = {
    created: [],
    updated: [{ instance: after.instance, fromRevision: before.revision }],
    history: [{ key: { namespace, id: PLACEHOLDER }, entry: historyEntry(before, event, after) }],
    owed: [],
  };
  return {
    turns: [...stages, { changes: stop }],
    handled: handledIn(stages),
  };
}

function handledIn(stages: readonly Stage[]): Handled[] {
  const commands = stages.flatMap(({ sent }) => sent.filter(({ topic }) => topic.endsWith('.commands')));
  return stages.flatMap(({ cause: { message } }) => {
    const command = commands.find((one) => one.message.id === message.commandid);
    const participant = PARTICIPANTS.find((one) => command?.topic.endsWith(`.${one}.commands`));
    if (command === undefined || participant === undefined || message.type !== ReplyType.succeeded) return [];
    return [{ participant, commandId: command.message.id, reply: { kind: 'succeeded', data: message.data } }];
  });
}
