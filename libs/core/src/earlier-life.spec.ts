import { describe, expect, it } from '@jest/globals';
import { command } from './contract.js';
import { type CommandRef, parseCommandId, parseId } from './ids.js';
import { commandIdOf, lifecycleIdOf, type SagaInstance } from './instance.js';
import { owedMessage } from './owed-message.js';
import { saga } from './saga.js';
import { transition } from './transition.js';

class Data {
  note?: string;
}
const Pay = command('payment.pay', { request: Data, reply: Data });
const Saga = saga('order', { version: 1, input: Data })
  .step('pay', { send: Pay, with: () => ({}) })
  .build();

/** An instance of the one id, begun at that time. */
function begun(at: number): SagaInstance {
  const started = { kind: 'started', namespace: 'n', id: 'o', input: {}, at, random: 0.5 } as const;
  const after = transition(Saga, null, started);
  if (after === null) throw new Error('not started');
  return after.instance;
}

function commandOf(instance: SagaInstance): CommandRef {
  const [visit] = instance.visits;
  if (visit === undefined) throw new Error('no visit');
  return parseCommandId(commandIdOf(instance, visit, 'do'));
}

describe('an instance whose id an earlier one had', () => {
  const earlier = begun(1_000);
  const present = begun(2_000);
  const reply = {
    attempt: undefined,
    outcome: { kind: 'succeeded', data: {} },
    at: 3_000,
    random: 0.5,
  } as const;

  it('does not take a late reply to the earlier one for its own', () => {
    const late = transition(Saga, present, { kind: 'reply', command: commandOf(earlier), ...reply });
    expect(late?.instance).toBe(present);
    const own = transition(Saga, present, { kind: 'reply', command: commandOf(present), ...reply });
    expect(own?.instance.status).toBe('completed');
  });

  it('does not send what the earlier one still owed', () => {
    const [visit] = earlier.visits;
    if (visit === undefined) throw new Error('no visit');
    for (const id of [commandIdOf(earlier, visit, 'do'), lifecycleIdOf(earlier, 'started')]) {
      expect(owedMessage(Saga, present, id)).toBeUndefined();
      expect(owedMessage(Saga, earlier, id)?.message.sagaid).toBe('o');
      expect(parseId(id).incarnation).toBe(earlier.incarnation);
    }
  });
});
