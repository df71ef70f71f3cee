import { describe, expect, it } from '@jest/globals';
import { command, signal } from './contract.js';
import type { AnySaga } from './definition.js';
import type { Effect, OperatorAction, ReplyOutcome, SagaEvent } from './events.js';
import { type Direction, parseCommandId } from './ids.js';
import { commandIdOf, type SagaInstance } from './instance.js';
import { saga } from './saga.js';
import { transition } from './transition.js';

class Data {
  note?: string;
}
const Do = command('part.do', { request: Data, reply: Data, rejections: ['no'] });
const send = { send: Do, with: () => ({}) };
const undo = { send: command('part.undo', { request: Data }), with: () => ({}) };
const well: ReplyOutcome = { kind: 'succeeded', data: {} };
const no: ReplyOutcome = { kind: 'rejected', code: 'no', message: '' };
const note = { actor: 'Ann', reason: 'a test' };

type Untimed<E> = E extends unknown ? Omit<E, 'at' | 'random'> : never;

/** One instance and what has happened to it. */
class Story {
  instance: SagaInstance;
  effects: readonly Effect[] = [];

  constructor(
    private readonly definition: AnySaga,
    parentCommand?: string,
  ) {
    const started = transition(definition, null, {
      kind: 'started',
      namespace: 'n',
      id: 's',
      input: {},
      at: 1_000,
      random: 0.5,
      ...(parentCommand !== undefined && { parentCommand }),
    });
    if (started === null) throw new Error('not started');
    this.instance = started.instance;
  }

  happens(event: Untimed<SagaEvent>, at = this.instance.updatedAt): this {
    const after = transition(this.definition, this.instance, { ...event, at, random: 0.5 });
    if (after === null) throw new Error('no transition');
    this.instance = after.instance;
    this.effects = after.effects;
    return this;
  }

  answers(step: string, outcome: ReplyOutcome, visit = 1, direction: Direction = 'do'): this {
    const asked = this.instance.visits.find((one) => one.step === step && one.visit === visit);
    if (asked === undefined) throw new Error(`'${step}' was not visited`);
    const command = parseCommandId(commandIdOf(this.instance, asked, direction));
    return this.happens({ kind: 'reply', command, attempt: undefined, outcome });
  }

  operator(action: OperatorAction): this {
    return this.happens({ kind: 'operator', action, note });
  }
}

describe('in rare orders of events', () => {
  it('a reply for a pause or a wait changes nothing: they are no commands', () => {
    const story = new Story(
      saga('pausing', { version: 1, input: Data })
        .pivot('pay', send)
        .waitFor('wait', { signals: [signal('go', { data: Data })] })
        .build(),
    ).answers('pay', well);
    const before = story.instance;
    expect(story.answers('wait', no).instance).toBe(before);
    expect(story.answers('wait', well).instance).toBe(before);
  });

  it('a deadline that passes while the pivot is asked still counts when the pivot says no and the saga goes back', () => {
    const story = new Story(
      saga('late', { version: 1, input: Data, deadline: '1m' })
        .step('book', { ...send, undo })
        .pivot('pay', { ...send, timeout: '5m', onRejected: { no: 'book' } })
        .build(),
    ).answers('book', well);
    story.happens({ kind: 'timer' }, 62_000);
    expect(story.instance.status).toBe('running');
    story.answers('pay', no);
    story.happens({ kind: 'timer' }, 62_001);
    expect(story.instance).toMatchObject({ status: 'compensating', failure: { outcome: 'deadline' } });
  });

  it('a saga that is stuck on two steps at once does not complete without the other', () => {
    const story = new Story(
      saga('two', { version: 1, input: Data })
        .pivot('pay', send)
        .parallel('both', (arms) => arms.retriable('one', send).retriable('other', send))
        .build(),
    )
      .answers('pay', well)
      .answers('one', no)
      .answers('other', no);
    story.operator({ kind: 'retry' }).answers('other', well).answers('one', well);
    expect(story.instance).toMatchObject({ status: 'suspended', suspension: { step: 'one' } });
    story.operator({ kind: 'retry' }).answers('one', well);
    expect(story.instance.status).toBe('completed');
  });

  it('a child saga that cannot go back says so every time its parent asks', () => {
    const parentCommand = 'n/parent@1/p/child/do/1';
    const undone = { kind: 'undone', namespace: 'n', id: 's', parentCommand } as const;
    const story = new Story(
      saga('child', { version: 1, input: Data }).pivot('pay', send).build(),
      parentCommand,
    );
    story.answers('pay', well);
    for (let time = 1; time <= 2; time += 1) {
      story.happens({ ...undone, parentUndo: 'n/parent@1/p/child/undo/1' });
      expect(story.effects).toEqual([expect.objectContaining({ kind: 'answer', direction: 'undo' })]);
    }
  });

  describe('a suspended child saga that its parent compensates', () => {
    const parentCommand = 'n/parent@1/p/child/do/1';
    const parentUndo = 'n/parent@1/p/child/undo/1';
    const undone = { kind: 'undone', namespace: 'n', id: 's', parentCommand, parentUndo } as const;
    const child = (): Story =>
      new Story(
        saga('child', { version: 1, input: Data })
          .step('book', { ...send, undo })
          .step('pay', { ...send, undo })
          .build(),
        parentCommand,
      ).answers('book', well);

    it('turns back, though a person had stopped it on its way forward', () => {
      const story = child().operator({ kind: 'suspend' }).happens(undone);
      expect(story.instance).toMatchObject({
        status: 'compensating',
        failure: { code: 'parent_compensates' },
      });
    });

    it('does not change when it is told so again on its way back', () => {
      const story = child().happens(undone).operator({ kind: 'suspend' });
      const before = story.instance;
      expect(story.happens(undone).instance).toBe(before);
    });
  });

  it('a suspended saga is not suspended once more by a fault that is no command of its own (P4)', () => {
    const failure = { step: '', outcome: 'defect', code: 'definition_changed', message: 'x' } as const;
    const story = new Story(saga('two', { version: 1, input: Data }).step('book', send).build());
    const before = story.happens({ kind: 'defect', failure }).instance;
    expect(before).toMatchObject({ status: 'suspended', suspension: { code: 'definition_changed' } });
    const again = { ...failure, code: 'processing_failed' };
    expect(story.happens({ kind: 'defect', failure: again }).instance).toBe(before);
    expect(story.effects).toEqual([]);
  });

  it('a wait without a time has none after a resume, however long commands may take', () => {
    const story = new Story(
      saga('signed', { version: 1, input: Data, timeout: '5s' })
        .waitFor('signature', { signals: [signal('sign', { data: Data })] })
        .build(),
    );
    story.operator({ kind: 'suspend' }).operator({ kind: 'resume' });
    expect(story.instance).toMatchObject({ status: 'running', wakeAt: null });
    expect(story.instance.visits[0]?.action).not.toHaveProperty('dueAt');
  });

  it('a pivot that has succeeded cannot go back to what could then not be undone', () => {
    const options = { ...send, jump: () => 'book' };
    const draft = saga('looping', { version: 1, input: Data }).step('book', { ...send, undo });
    expect(() => (draft.pivot as (name: string, options: object) => unknown)('pay', options)).toThrow(/jump/);
  });
});
