import { describe, expect, it } from '@jest/globals';
import { command, signal } from './contract.js';
import { type AnySaga, definitionRef } from './definition.js';
import type { ReplyOutcome, SagaEvent } from './events.js';
import type { Direction } from './ids.js';
import type { SagaInstance } from './instance.js';
import { saga } from './saga.js';
import { transition } from './transition.js';

class Data {}
const Do = command('part.do', { request: Data, reply: Data, rejections: ['no'] });
const send = { send: Do, with: () => ({}) };
const well: ReplyOutcome = { kind: 'succeeded', data: {} };
const no: ReplyOutcome = { kind: 'rejected', code: 'no', message: '' };

type Untimed<E> = E extends unknown ? Omit<E, 'at' | 'random'> : never;

/** One instance and what has happened to it. */
class Story {
  instance: SagaInstance;

  constructor(private readonly definition: AnySaga) {
    const started = transition(definition, null, {
      kind: 'started',
      namespace: 'n',
      id: 's',
      input: {},
      at: 1_000,
      random: 0.5,
    });
    if (started === null) throw new Error('not started');
    this.instance = started.instance;
  }

  happens(event: Untimed<SagaEvent>, at = this.instance.updatedAt): this {
    const after = transition(this.definition, this.instance, { ...event, at, random: 0.5 } as SagaEvent);
    if (after === null) throw new Error('no transition');
    this.instance = after.instance;
    return this;
  }

  answers(step: string, outcome: ReplyOutcome, visit = 1, direction: Direction = 'do'): this {
    const definition = definitionRef(this.definition);
    const command = { namespace: 'n', definition, sagaId: 's', step, direction, visit };
    return this.happens({ kind: 'reply', command, attempt: undefined, outcome });
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
});
