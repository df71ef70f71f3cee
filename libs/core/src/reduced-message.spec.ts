import { describe, expect, it } from '@jest/globals';
import { command } from './contract.js';
import { type AnySaga, definitionRef } from './definition.js';
import type { Effect, OperatorAction, ReplyOutcome, SagaEvent } from './events.js';
import { commandId, parseCommandId } from './ids.js';
import { commandIdOf, type SagaInstance } from './instance.js';
import type { OutgoingMessage } from './message.js';
import { owedMessage, reducedMessage } from './owed-message.js';
import { saga } from './saga.js';
import { transition } from './transition.js';

class Data {
  note?: string;
}
const Do = command('part.do', { request: Data, reply: Data });
const Undo = command('part.undo', { request: Data });
const send = { send: Do, with: () => ({}) };
const undo = { send: Undo, with: () => ({}) };
const Child = saga('child', { version: 3, input: Data })
  .step('work', { ...send, as: 'done', undo })
  .build(({ done }) => ({ done }));
const Parent = saga('parent', { version: 1, input: Data })
  .step('first', { ...send, undo })
  .child('run child', { saga: Child, with: () => ({}) })
  .step('last', send)
  .build();

type Untimed<E> = E extends unknown ? Omit<E, 'at' | 'random'> : never;

/** One instance, and what came of the last event. */
class Life {
  effects: readonly Effect[] = [];
  private current: SagaInstance | null = null;

  constructor(
    private readonly definition: AnySaga,
    readonly id: string,
    parentCommand?: string,
  ) {
    const parent = parentCommand === undefined ? {} : { parentCommand };
    this.happens({ kind: 'started', namespace: 'shop', id, input: {}, ...parent });
  }

  get instance(): SagaInstance {
    if (this.current === null) throw new Error('it has not begun');
    return this.current;
  }

  happens(event: Untimed<SagaEvent>): this {
    const after = transition(this.definition, this.current, { ...event, at: 1_000, random: 0.5 });
    if (after === null) throw new Error('no transition');
    this.current = after.instance;
    this.effects = after.effects;
    return this;
  }

  /** The id of the newest command of a step. */
  idOf(step: string, direction: 'do' | 'undo' = 'do'): string {
    const visit = this.instance.visits.findLast((one) => one.step === step);
    if (visit === undefined) throw new Error(`'${step}' was not visited`);
    return commandIdOf(this.instance, visit, direction);
  }

  answers(step: string, outcome: ReplyOutcome, direction: 'do' | 'undo' = 'do'): this {
    const command = parseCommandId(this.idOf(step, direction));
    return this.happens({ kind: 'reply', command, attempt: undefined, outcome });
  }

  succeeds(step: string, data: unknown = {}, direction: 'do' | 'undo' = 'do'): this {
    return this.answers(step, { kind: 'succeeded', data }, direction);
  }

  operates(action: OperatorAction): this {
    return this.happens({ kind: 'operator', action, note: { actor: 'ada', reason: 'a test' } });
  }

  refusedByBroker(step: string, direction: 'do' | 'undo' = 'do'): this {
    const failure = { step, direction, outcome: 'defect', code: 'too_large', message: 'too large' } as const;
    return this.happens({ kind: 'defect', failure });
  }

  whole(id: string): OutgoingMessage | undefined {
    return owedMessage(this.definition, this.instance, id);
  }

  reduced(id: string): OutgoingMessage | undefined {
    return reducedMessage(this.definition, this.instance, id);
  }

  /** The id of the event or answer that the last event made owed. */
  owed(kind: 'publish' | 'answer'): string {
    const effect = this.effects.findLast((one) => one.kind === kind);
    if (effect === undefined || !('id' in effect)) throw new Error(`there is no ${kind}`);
    return effect.id;
  }
}

const LARGE = { note: 'x'.repeat(2_000_000) };

function completedChild(parent: Life): Life {
  return new Life(Child, 'c', parent.idOf('run child')).succeeds('work', LARGE);
}

describe('a message that the broker refuses for good, without what makes it large', () => {
  it('is the event that a saga has completed, with the same id, which says that its output is left out', () => {
    const life = new Life(Child, 'c').succeeds('work', LARGE);
    const id = life.owed('publish');
    const whole = life.whole(id);
    const reduced = life.reduced(id);
    expect(reduced).toMatchObject({
      topic: whole?.topic,
      message: { id, type: 'skald.saga.completed', data: { truncated: true, reason: expect.any(String) } },
    });
    expect(JSON.stringify(reduced).length).toBeLessThan(1_000);
    expect({ ...reduced?.message, data: null }).toEqual({ ...whole?.message, data: null });
  });

  it('is the answer of a child saga: its parent takes it for failed and undoes it, since it did happen', () => {
    const parent = new Life(Parent, 'p').succeeds('first');
    const child = completedChild(parent);
    const reduced = child.reduced(child.owed('answer'));
    expect(reduced?.message).toMatchObject({
      type: 'skald.reply.failed',
      commandid: parent.idOf('run child'),
      sagaid: 'p',
      data: { code: 'output_too_large' },
    });
    expect(JSON.stringify(reduced).length).toBeLessThan(1_000);

    const outcome = { kind: 'failed', code: 'output_too_large', message: '' } as const;
    parent.answers('run child', outcome);
    expect(parent.instance).toMatchObject({
      status: 'compensating',
      failure: { step: 'run child', outcome: 'failed', code: 'output_too_large' },
    });
    expect(parent.effects).toContainEqual(
      expect.objectContaining({ kind: 'send', direction: 'undo', step: 'run child' }),
    );
    parent.succeeds('run child', null, 'undo').succeeds('first', null, 'undo');
    expect(parent.instance.status).toBe('compensated');
  });

  it('is nothing for a command, or for what has no output', () => {
    const parent = new Life(Parent, 'p');
    expect(parent.whole(parent.idOf('first'))).toBeDefined();
    expect(parent.reduced(parent.idOf('first'))).toBeUndefined();
    const child = new Life(Child, 'c', parent.idOf('first')).happens({ kind: 'cancel', reason: 'x' });
    child.succeeds('work', null, 'undo');
    expect(child.instance.status).toBe('compensated');
    expect(child.reduced(child.owed('answer'))).toBeUndefined();
    expect(child.reduced(child.owed('publish'))).toBeUndefined();
  });
});

describe('a saga whose own command the broker refuses for good', () => {
  it('is suspended, does not time out, and sends the command again when an operator has mended its data', () => {
    const life = new Life(Parent, 'p').refusedByBroker('first');
    expect(life.instance).toMatchObject({
      status: 'suspended',
      suspension: { step: 'first', outcome: 'defect' },
      wakeAt: null,
    });
    life.operates({ kind: 'repair', data: { input: { note: 'small' } } });
    expect(life.effects).toContainEqual(
      expect.objectContaining({ kind: 'send', step: 'first', commandId: life.idOf('first') }),
    );
    expect(life.instance.wakeAt).not.toBeNull();
    life.succeeds('first');
    expect(life.instance).toMatchObject({ status: 'running', visits: [{}, { step: 'run child' }] });
  });

  it('can be compensated instead: a command that never left is undone by an empty compensation', () => {
    const life = new Life(Parent, 'p').refusedByBroker('first').operates({ kind: 'compensate' });
    expect(life.effects).toContainEqual(expect.objectContaining({ kind: 'send', direction: 'undo' }));
    life.succeeds('first', null, 'undo');
    expect(life.instance.status).toBe('compensated');
  });

  it('is suspended for a compensation in the same way', () => {
    const life = new Life(Parent, 'p').happens({ kind: 'cancel', reason: 'x' });
    life.refusedByBroker('first', 'undo');
    expect(life.instance).toMatchObject({ status: 'suspended', resumeTo: 'compensating' });
    life.operates({ kind: 'retry' });
    expect(life.effects).toContainEqual(expect.objectContaining({ kind: 'send', direction: 'undo' }));
    life.succeeds('first', null, 'undo');
    expect(life.instance.status).toBe('compensated');
  });

  it('is stopped for one command after the other when two beside each other are refused', () => {
    const Two = saga('two', { version: 1, input: Data })
      .parallel('both', (arms) => arms.step('one', send).child('other', { saga: Child, with: () => ({}) }))
      .build();
    const life = new Life(Two, 't').refusedByBroker('one').refusedByBroker('other');
    expect(life.instance.suspension).toMatchObject({ step: 'one' });
    life.operates({ kind: 'retry' }).succeeds('one');
    expect(life.instance).toMatchObject({ status: 'suspended', suspension: { step: 'other' } });
    life.operates({ kind: 'retry' });
    expect(life.effects).toContainEqual(expect.objectContaining({ kind: 'send', step: 'other' }));
    life.succeeds('other');
    expect(life.instance.status).toBe('completed');
  });

  it('and has ended, is left as it is', () => {
    const life = new Life(Child, 'c').succeeds('work');
    const before = life.instance;
    expect(life.refusedByBroker('work').instance).toBe(before);
  });
});

describe("a child saga's version", () => {
  const NewParent = (version: number): AnySaga =>
    saga('parent', { version: 1, input: Data })
      .child('run child', { saga: { ...Child, version }, with: () => ({}) })
      .build();

  it('goes with its start and with its compensation', () => {
    const life = new Life(NewParent(3), 'p');
    const id = life.idOf('run child');
    expect(life.whole(id)?.message.data).toEqual({ definition: 'child', version: 3, input: {} });
    life.happens({ kind: 'cancel', reason: 'x' });
    expect(life.whole(life.idOf('run child', 'undo'))?.message.data).toEqual({
      definition: 'child',
      version: 3,
    });
  });

  it('stays the one that it was started with when a later build of the parent would start another', () => {
    const life = new Life(NewParent(3), 'p').happens({ kind: 'cancel', reason: 'x' });
    const later = NewParent(4);
    expect(later.hash).toBe(NewParent(3).hash);
    const undone = owedMessage(later, life.instance, life.idOf('run child', 'undo'));
    expect(undone?.message.data).toEqual({ definition: 'child', version: 3 });
  });

  it('is the one of the definition for a parent that began before versions were noted', () => {
    const life = new Life(NewParent(3), 'p');
    const visits = life.instance.visits.map(({ version: _, ...visit }) => visit);
    const owed = owedMessage(NewParent(4), { ...life.instance, visits }, life.idOf('run child'));
    expect(owed?.message.data).toMatchObject({ definition: 'child', version: 4 });
  });
});

it('an id that is owed by an earlier instance of the same id is not derived from this one', () => {
  const life = new Life(Parent, 'p');
  const { namespace, definition, id } = life.instance;
  const place = { namespace, definition: definitionRef(definition), sagaId: id, incarnation: 'earlier' };
  const owed = commandId({ ...place, step: 'first', direction: 'do', visit: 1 });
  expect(life.whole(life.idOf('first'))).toBeDefined();
  expect(life.whole(owed)).toBeUndefined();
});
