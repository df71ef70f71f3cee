import { describe, expect, it } from '@jest/globals';
import { call, command, signal } from './contract.js';
import type {
  AnySaga,
  CallHandler,
  CommandTemplate,
  SagaDefinition,
  SleepNode,
  StepNode,
} from './definition.js';
import { historyEntry } from './events.js';
import { OrderInput, OrderStory } from './order.fixture.js';
import { saga } from './saga.js';
import { textProblem } from './text.js';
import { transition } from './transition.js';

const Do = command('payment.do', { request: OrderInput, reply: OrderInput });
const Undo = command('payment.undo', { request: OrderInput });
class ProbeReply {
  happened!: boolean;
}
const Probe = command('payment.probe', { request: OrderInput, reply: ProbeReply });
const Ask = call('ask', { request: OrderInput, reply: OrderInput, rejections: ['no'] });
const Go = signal('go', { data: OrderInput });

const circular: Record<string, unknown> = {};
circular['self'] = circular;
const deep = JSON.parse('['.repeat(200) + ']'.repeat(200)) as unknown;

/** Values that JSON would drop, change or choke on, and what the saga must say about each. */
const NOT_JSON: [string, unknown, string][] = [
  ['a bigint', 1n, 'is bigint'],
  ['a cycle', circular, 'holds itself'],
  ['NaN', Number.NaN, 'is NaN'],
  ['infinity', -Infinity, 'is -Infinity'],
  ['-0', -0, 'is -0'],
  ['a function', () => 1, 'is function'],
  ['a promise', Promise.resolve(1), 'is a Promise'],
  ['a map', new Map(), 'is a Map'],
  ['bytes', new Uint8Array(2), 'is a Uint8Array'],
  ['a date that is none', new Date(Number.NaN), 'is a date that is none'],
  ['a boxed number', Object(Number.NaN), 'is a Number'],
  ['NUL', 'a\0b', 'holds NUL'],
  ['half a character', 'a\ud800', 'holds half a character'],
  ['200 levels', deep, 'nests deeper than 100 levels'],
  [
    'a getter that throws',
    {
      get price(): never {
        throw new Error('no price');
      },
    },
    'cannot be read: no price',
  ],
  [
    'a toJSON that throws',
    {
      toJSON: (): never => {
        throw new Error('no json');
      },
    },
    'cannot be read: no json',
  ],
];

type Payload = CommandTemplate['payload'];
const plain: Payload = () => ({ item: 'hat', amount: 1 });

interface Functions {
  readonly payload?: Payload;
  readonly undo?: Payload;
  readonly probe?: Payload;
  readonly child?: Payload;
  readonly choose?: () => string;
  readonly until?: SleepNode['until'];
  readonly jump?: StepNode['jump'];
  readonly output?: SagaDefinition['output'];
  readonly handle?: CallHandler['handle'];
}

const Child = saga('child', { version: 1, input: OrderInput })
  .step('inner', { send: Do, with: () => ({ item: 'hat', amount: 1 }) })
  .build();

/** A saga with a function of every kind; each is a good one where the test gives none. */
function sagaWith(own: Functions): AnySaga {
  const draft = saga('order', { version: 1, input: OrderInput })
    .onCall(Ask, { as: 'asked', handle: () => ({ answer: { item: 'hat', amount: 1 } }) })
    .step('first', {
      send: Do,
      with: () => ({ item: 'hat', amount: 1 }),
      as: 'one',
      retry: { maximumAttempts: 1 },
      undo: { send: Undo, with: () => ({ item: 'hat', amount: 1 }) },
      probe: { send: Probe, with: () => ({ item: 'hat', amount: 1 }) },
    })
    .child('second', { saga: Child, with: () => ({ item: 'hat', amount: 1 }) })
    .branch('third', () => 'only', { only: (arm) => arm })
    .sleep('fourth', () => '1s')
    .waitFor('fifth', { signals: [Go], timeout: '1m' })
    .build(() => ({ done: true }));
  const nodes = draft.nodes.map((node) => {
    switch (node.kind) {
      case 'step':
        return {
          ...node,
          ...(own.payload && { payload: own.payload }),
          ...(own.jump && { jump: own.jump }),
          undo: node.undo && { ...node.undo, payload: own.undo ?? plain },
          probe: node.probe && { ...node.probe, payload: own.probe ?? plain },
        };
      case 'child':
        return { ...node, payload: own.child ?? plain };
      case 'branch':
        return { ...node, ...(own.choose && { choose: own.choose }) };
      case 'sleep':
        return { ...node, ...(own.until && { until: own.until }) };
      default:
        return node;
    }
  });
  const calls = draft.calls.map((one) => ({ ...one, ...(own.handle && { handle: own.handle }) }));
  return { ...draft, nodes, calls, ...(own.output && { output: own.output }) };
}

/** What a test of plain JavaScript gives where the types promise something else. */
function untyped(value: unknown): () => never {
  return () => value as never;
}

/** @param whole the value itself, and not an object that has it in a member */
function given(value: unknown, whole = false): () => never {
  return untyped(whole ? value : { item: 'hat', amount: 1, member: value });
}

/** Each place where a function of the definition gives data, and how a saga comes to call it. */
const PLACES: [string, string, string, (value: unknown, whole?: boolean) => OrderStory][] = [
  [
    'the payload of a step',
    'first',
    "the payload of 'first'",
    (value, whole) => new OrderStory(sagaWith({ payload: given(value, whole) })).begin(),
  ],
  [
    'the payload of a compensation',
    'first',
    "the payload of the undo of 'first'",
    (value, whole) =>
      new OrderStory(sagaWith({ undo: given(value, whole) }))
        .begin()
        .succeeds('first', { item: 'hat', amount: 1 })
        .happens({ kind: 'cancel', reason: 'no more' })
        .succeeds('second', null, 'undo'),
  ],
  [
    'the payload of a probe',
    'first',
    "the payload of the probe of 'first'",
    (value, whole) => new OrderStory(sagaWith({ probe: given(value, whole) })).begin().passes(31_000),
  ],
  [
    'the input of a child saga',
    'second',
    "the input of 'second'",
    (value, whole) =>
      new OrderStory(sagaWith({ child: given(value, whole) }))
        .begin()
        .succeeds('first', { item: '', amount: 1 }),
  ],
  [
    'the output',
    'output',
    'the output',
    (value, whole) =>
      new OrderStory(sagaWith({ output: given(value, whole) }))
        .begin()
        .succeeds('first', { item: '', amount: 1 })
        .succeeds('second')
        .passes(1_000)
        .passes(60_000),
  ],
];

describe.each(PLACES)('%s that is not JSON', (_place, step, what, story) => {
  it.each(NOT_JSON)('suspends the saga with the reason when it is %s', (_kind, value, text) => {
    const { state, published } = story(value);
    expect(published.at(-1)).toBe('suspended');
    expect(state.status).toBe('suspended');
    expect(state.suspension).toMatchObject({ step, outcome: 'defect', code: 'not_json' });
    expect(state.suspension?.message).toContain(what);
    if (!text.startsWith('cannot')) expect(state.suspension?.message).toContain("at 'member");
    expect(state.suspension?.message).toContain(text);
  });
});

describe.each(PLACES.filter(([place]) => place !== 'the output'))('%s', (_place, step, what, story) => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'hat'],
    ['a number', 7],
    ['a list', []],
  ])('suspends the saga when it is %s instead of an object', (_kind, value) => {
    const { suspension } = story(value, true).state;
    expect(suspension).toMatchObject({ step, outcome: 'defect', code: 'not_json' });
    expect(suspension?.message).toContain(what);
    expect(suspension?.message).toMatch(/give (an object|JSON data)/);
  });
});

describe('what a function of the definition chooses', () => {
  const unreadable = {
    toString: (): never => {
      throw new Error('no text');
    },
  };

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a symbol', Symbol('arm')],
    ['an object that cannot be written', unreadable],
    ['an inherited name', 'constructor'],
    ['a megabyte', 'x'.repeat(1_000_000)],
    ['NUL', 'a\0b'],
  ])('suspends the saga when the arm of a branch is %s', (_kind, arm) => {
    const { state } = new OrderStory(sagaWith({ choose: untyped(arm) }))
      .begin()
      .succeeds('first', { item: '', amount: 1 })
      .succeeds('second');
    expect(state.suspension).toMatchObject({ step: 'third', outcome: 'defect' });
    expect(state.suspension?.message).toContain('there is no arm');
    expectStorable(state.suspension?.message);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a symbol', Symbol('step')],
    ['an object that cannot be written', unreadable],
    ['a megabyte', 'x'.repeat(1_000_000)],
  ])('suspends the saga when a jump leads to %s', (_kind, target) => {
    const story = new OrderStory(sagaWith({ jump: untyped(target) })).begin();
    const { state } = story.succeeds('first', { item: '', amount: 1 });
    expect(state.suspension).toMatchObject({ step: 'first', outcome: 'defect' });
    expectStorable(state.suspension?.message);
  });
});

describe('what a function of the definition throws', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const THROWN: [string, unknown][] = [
    ['an error with 2 MB of text', new Error('x'.repeat(2_000_000))],
    ['an error with NUL and half a character', new Error('a\0b\ud800')],
    [
      'an error whose message cannot be read',
      Object.defineProperty(new Error('x'), 'message', {
        get: () => {
          throw new Error('y');
        },
      }),
    ],
    ['an error whose message is no text', Object.assign(new Error('x'), { message: 12n })],
    ['nothing', undefined],
    ['a symbol', Symbol('x')],
    ['an object without a prototype', Object.create(null)],
    ['what cannot be looked at', revoked.proxy],
  ];
  const throwing = (error: unknown) => (): never => {
    throw error;
  };

  it.each(THROWN)('suspends the saga with a short reason when it is %s', (_kind, error) => {
    const run = throwing(error);
    const ok = { item: '', amount: 1 };
    const begun = (own: Functions): OrderStory => new OrderStory(sagaWith(own)).begin();
    const stories = [
      begun({ payload: run }),
      begun({ jump: run }).succeeds('first', ok),
      begun({ child: run }).succeeds('first', ok),
      begun({ choose: run }).succeeds('first', ok).succeeds('second'),
      begun({ until: run }).succeeds('first', ok).succeeds('second'),
      begun({ output: run }).succeeds('first', ok).succeeds('second').passes(1_000).passes(60_000),
      begun({ probe: run }).passes(31_000),
      begun({ undo: run })
        .succeeds('first', ok)
        .happens({ kind: 'cancel', reason: '' })
        .succeeds('second', null, 'undo'),
    ];
    for (const { state } of stories) {
      expect(state.suspension).toMatchObject({ outcome: 'defect', code: 'definition_threw' });
      expectStorable(state.suspension?.message);
    }
  });
});

describe('what the handler of a call gives', () => {
  function asked(handle: () => unknown): ReturnType<typeof transition> {
    const definition = sagaWith({ handle: handle as CallHandler['handle'] });
    const { instance, now } = new OrderStory(definition).begin();
    const request = { item: 'hat', amount: 1 };
    const occurrence = { at: now, random: 0.5 };
    return transition(definition, instance, {
      kind: 'call',
      messageId: 'm',
      call: 'ask',
      request,
      ...occurrence,
    });
  }

  it.each(NOT_JSON)(
    'refuses the call when the answer has %s, and the saga stays as it was',
    (_kind, value, text) => {
      const after = asked(() => ({ answer: { member: value } }));
      expect(after?.refused).toMatchObject({ code: 'call_failed' });
      expect(after?.refused?.message).toContain("the answer to 'ask'");
      expect(after?.refused?.message).toContain(text);
      expect(after?.instance.revision).toBe(1);
    },
  );

  it.each(NOT_JSON)('refuses the call when what it keeps has %s', (_kind, value, text) => {
    const after = asked(() => ({ answer: { item: 'hat', amount: 1 }, keep: { member: value } }));
    expect(after?.refused?.message).toContain("what 'ask' keeps");
    expect(after?.refused?.message).toContain(text);
    expect(after?.instance.results).toEqual({});
  });

  it.each<[string, unknown]>([
    ['no answer', { answer: undefined }],
    ['nothing at all', undefined],
    ['a rejection that its contract does not declare', { reject: 'nope' }],
    ['a rejection that is inherited', { reject: 'constructor' }],
    ['a rejection that is no text', { reject: 1n }],
    ['a message that is no text', { reject: 'no', message: 1n }],
  ])('refuses the call when it is %s', (_kind, result) => {
    const after = asked(() => result);
    expect(after?.refused?.code).toBe('call_failed');
    expect(after?.instance.revision).toBe(1);
  });

  it('keeps what it says with a rejection short, and storable', () => {
    const after = asked(() => ({ reject: 'no', message: `a\0\ud800${'x'.repeat(2_000_000)}` }));
    expect(after?.answer).toMatchObject({ kind: 'rejected', code: 'no' });
    expectStorable(after?.answer?.kind === 'rejected' ? after.answer.message : undefined);
  });

  it('refuses the call with few words when it throws 2 MB', () => {
    const after = asked(() => {
      throw new Error('x'.repeat(2_000_000));
    });
    expectStorable(after?.refused?.message);
  });
});

describe('what a person gives as a reason', () => {
  it('is kept short, and storable, in the failure and in the history', () => {
    const reason = `a\0\ud800${'x'.repeat(900_000)}`;
    const story = new OrderStory(sagaWith({})).begin();
    const before = story.state;
    const event = { kind: 'cancel', reason, at: story.now, random: 0.5 } as const;
    const after = transition(sagaWith({}), before, event);
    if (after === null) throw new Error('nothing had started');
    expectStorable(after.instance.failure?.message);
    expectStorable(JSON.stringify(historyEntry(before, event, after).cause));
  });
});

/** Fits into a row of the history and into PostgreSQL. */
function expectStorable(text: string | undefined): void {
  expect(text?.length).toBeGreaterThan(0);
  expect(text?.length).toBeLessThan(2_000);
  expect(textProblem(text ?? '')).toBeUndefined();
}
