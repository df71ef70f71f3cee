import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AnySaga, canBeUndone, nodeNamed } from './definition.js';
import { historyEntry, type OperatorAction, type SagaEvent, type Transition } from './events.js';
import { type Direction, parseCommandId } from './ids.js';
import {
  commandIdOf,
  type Exchange,
  exchangeOf,
  isEnded,
  isOpen,
  type SagaInstance,
  type Visit,
} from './instance.js';
import { owedMessage } from './owed-message.js';
import { built, type SagaSketch, sagaSketch } from './random-definitions.fixture.js';
import { transition } from './transition.js';

const PARENT = 'shop/parent@1/p-1/child/do/1';
const PARENT_UNDO = 'shop/parent@1/p-1/child/undo/1';
const DIRECTIONS = ['do', 'undo', 'probe'] as const;

/** What happens next; numbers choose among what the instance has. */
interface Act {
  readonly kind:
    | 'reply'
    | 'late reply'
    | 'timer'
    | 'passes'
    | 'signal'
    | 'call'
    | 'cancel'
    | 'undone'
    | 'start'
    | 'operator';
  readonly choice: number;
  readonly detail: number;
  readonly random: number;
}

const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant('reply' as const) },
    { weight: 4, arbitrary: fc.constant('timer' as const) },
    { weight: 2, arbitrary: fc.constantFrom('late reply' as const, 'signal' as const, 'operator' as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'call' as const,
        'cancel' as const,
        'undone' as const,
        'start' as const,
        'passes' as const,
      ),
    },
  ),
  choice: fc.nat(50),
  detail: fc.nat(50),
  random: fc.double({ min: 0, max: 0.99, noNaN: true }),
});

const OPERATIONS: readonly OperatorAction[] = [
  { kind: 'suspend' },
  { kind: 'resume' },
  { kind: 'retry' },
  { kind: 'skip', output: { jump: false } },
  { kind: 'compensate' },
  { kind: 'force-forward' },
  { kind: 'repair', data: {} },
  { kind: 'terminate' },
];

/** More for a longer search: `RUNS=20000 npm run test:unit -- random-definitions`. */
const RUNS = Number(process.env['RUNS'] ?? 600);

type Untimed<E> = E extends unknown ? Omit<E, 'at' | 'random'> : never;

/** One instance of a random saga, checked after everything that happens to it. */
class Life {
  instance: SagaInstance;
  private at = 1_000_000;
  private readonly sent = new Set<string>();
  /** By step and visit: the payload of the command, and its reply. */
  private readonly payloads = new Map<string, string>();
  private readonly replies = new Map<string, unknown>();

  constructor(
    readonly definition: AnySaga,
    isChild: boolean,
  ) {
    const parent = isChild ? { parentCommand: PARENT } : {};
    const event = { kind: 'started', namespace: 'shop', id: 's-1', input: {}, ...parent } as const;
    const started = transition(definition, null, { ...event, at: this.at, random: 0.5 });
    if (started === null) throw new Error('not started');
    this.instance = started.instance;
    this.check(null, { ...event, at: this.at, random: 0.5 }, started);
  }

  happens(act: Act): void {
    const event = this.eventOf(act);
    if (event !== undefined) this.apply(event, act.random);
  }

  /** Everything is answered well and every time comes, until nothing is due. */
  finish(): void {
    for (let round = 0; round < 1_000 && !isEnded(this.instance.status); round += 1) {
      const open = this.exchanges().find(({ exchange, visit, direction }) => {
        const { kind } = nodeNamed(this.definition, visit.step);
        return exchange.state === 'pending' && (direction !== 'do' || kind === 'step' || kind === 'child');
      });
      if (this.instance.status !== 'suspended' && open !== undefined) this.apply(this.reply(open, 0), 0.5);
      else if (this.instance.wakeAt !== null) this.wake(0.5);
      else return;
    }
    if (!isEnded(this.instance.status)) throw new Error('it never comes to rest');
  }

  private eventOf({ kind, choice, detail }: Act): Untimed<SagaEvent> | undefined {
    const all = this.exchanges();
    switch (kind) {
      case 'reply':
      case 'late reply': {
        const some = kind === 'reply' ? all.filter(({ exchange }) => isOpen(exchange)) : all;
        const one = some[choice % Math.max(1, some.length)];
        return one && this.reply(one, detail);
      }
      case 'timer':
        this.at = Math.max(this.at, this.instance.wakeAt ?? 0);
        return { kind: 'timer' };
      case 'passes':
        this.at += 1_000 * choice;
        return { kind: 'timer' };
      case 'signal':
        return {
          kind,
          messageId: `m${detail % 8}`,
          signal: choice % 2 ? 'go' : 'stop',
          data: { jump: false },
        };
      case 'call':
        return { kind, messageId: `c${detail % 4}`, call: 'ask', request: {} };
      case 'cancel':
        return { kind, reason: 'tired of it' };
      case 'undone':
        return { kind, namespace: 'shop', id: 's-1', parentCommand: PARENT, parentUndo: PARENT_UNDO };
      case 'start':
        return { kind: 'started', namespace: 'shop', id: 's-1', input: {} };
      case 'operator': {
        const action = OPERATIONS[choice % OPERATIONS.length];
        return action && { kind, action, note: { actor: 'Ann', reason: 'a test' } };
      }
    }
  }

  private reply({ visit, direction, exchange }: Place, detail: number): Untimed<SagaEvent> {
    const command = parseCommandId(commandIdOf(this.instance, visit, direction));
    const attempt = detail % 7 === 0 ? undefined : exchange.attempt - (detail % 5 === 4 ? 1 : 0);
    const jump = detail % 3 === 1;
    // No two replies are alike.
    const data = { jump, at: this.at };
    const outcomes = [
      { kind: 'succeeded', data: direction === 'probe' ? { happened: true, reply: data } : data },
      { kind: 'succeeded', data: direction === 'probe' ? { happened: jump } : data },
      { kind: 'failed', code: 'broken', message: '' },
      { kind: 'rejected', code: 'back', message: '' },
      { kind: 'rejected', code: 'no', message: '' },
    ] as const;
    const outcome = outcomes[detail % outcomes.length] ?? outcomes[0];
    return { kind: 'reply', command, attempt, outcome };
  }

  private exchanges(): Place[] {
    return this.instance.visits.flatMap((visit) =>
      DIRECTIONS.flatMap((direction) => {
        const exchange = exchangeOf(visit, direction);
        return exchange === undefined ? [] : [{ visit, direction, exchange }];
      }),
    );
  }

  private wake(random: number): void {
    this.at = Math.max(this.at, this.instance.wakeAt ?? 0);
    this.apply({ kind: 'timer' }, random);
  }

  private apply(untimed: Untimed<SagaEvent>, random: number): void {
    this.at += 1;
    const event = { ...untimed, at: this.at, random } as SagaEvent;
    const before = this.instance;
    const text = JSON.stringify(before);
    const after = transition(this.definition, before, event);
    if (after === null) throw new Error('no transition');
    expect(JSON.stringify(before)).toBe(text);
    const revived: SagaInstance = JSON.parse(text);
    expect(JSON.stringify(transition(this.definition, revived, event))).toBe(JSON.stringify(after));
    this.instance = after.instance;
    this.check(before, event, after);
  }

  private check(
    before: SagaInstance | null,
    event: SagaEvent,
    { instance, effects, ...rest }: Transition,
  ): void {
    if (instance === before) {
      expect(effects).toEqual([]);
      return;
    }
    expect(rest.refused).toBeUndefined();
    expect(instance.revision).toBe((before?.revision ?? 0) + 1);
    expect(historyEntry(before, event, { instance, effects }).sequence).toBe(instance.revision);
    if (before !== null && isEnded(before.status)) {
      expect(event.kind).toBe('undone');
    }
    for (const effect of effects) {
      if (effect.kind !== 'send') continue;
      const key = `${effect.commandId} ${effect.attempt}`;
      expect(this.sent).not.toContain(key);
      this.sent.add(key);
      if (!isEnded(instance.status)) {
        expect(owedMessage(this.definition, instance, effect.commandId)).toBeDefined();
      }
    }
    checkShape(instance, this.definition);
    checkPromises(instance, this.definition);
    this.noteReplies(before, instance);
    for (const place of this.exchanges()) this.checkSeen(place, instance);
  }

  private noteReplies(before: SagaInstance | null, { visits, results }: SagaInstance): void {
    for (const [index, { step, visit, action }] of visits.entries()) {
      const { as } = nodeNamed(this.definition, step);
      if (as === undefined || action.state !== 'succeeded') continue;
      if (before?.visits[index]?.action.state === 'succeeded') continue;
      this.replies.set(`${step} ${visit}`, results[as]);
    }
  }

  /** A command is the same on every attempt, and what undoes or probes it saw what it saw, and its reply. */
  private checkSeen({ visit, direction }: Place, instance: SagaInstance): void {
    const id = commandIdOf(instance, visit, direction);
    const owed = owedMessage(this.definition, instance, id)?.message;
    const data = owed?.data as { note?: string; input?: { note?: string } } | undefined;
    const payload = data?.note ?? data?.input?.note;
    if (payload === undefined) return;
    const key = `${visit.step} ${visit.visit}`;
    const first = this.payloads.get(key) ?? payload;
    if (direction === 'do') this.payloads.set(key, first);
    const { as } = nodeNamed(this.definition, visit.step);
    const expected: Record<string, unknown> = JSON.parse(first);
    if (as !== undefined && direction !== 'do') {
      if (visit.action.state === 'succeeded') expected[as] = this.replies.get(key);
      else delete expected[as];
    }
    expect({ id, ...JSON.parse(payload) }).toEqual({ id, ...expected });
  }
}

interface Place {
  readonly visit: Visit;
  readonly direction: Direction;
  readonly exchange: Exchange;
}

/** What an instance must look like at any time. */
function checkShape(instance: SagaInstance, definition: AnySaga): void {
  const { status, visits, suspension, wakeAt } = instance;
  const exchanges = visits.flatMap((visit) => DIRECTIONS.map((direction) => exchangeOf(visit, direction)));
  const open = exchanges.filter((exchange) => isOpen(exchange));
  if (isEnded(status) || status === 'suspended') expect(wakeAt).toBeNull();
  else expect(open.length).toBeGreaterThan(0);
  if (status === 'completed' || status === 'compensated') expect(open).toEqual([]);
  expect(suspension !== undefined).toBe(status === 'suspended');
  expect(instance.resumeTo !== undefined).toBe(status === 'suspended');
  if (status === 'running' || status === 'compensating') {
    const due = open.map(({ dueAt }) => dueAt ?? Number.POSITIVE_INFINITY);
    expect(wakeAt ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(Math.min(...due));
  }
  for (const [index, { step, visit }] of visits.entries()) {
    const earlier = visits.slice(0, index).filter((one) => one.step === step);
    expect(visit).toBe(earlier.length + 1);
    expect(visit).toBeLessThanOrEqual(nodeNamed(definition, step).maximumVisits);
  }
}

/** What must be true whatever has happened, operators included: they say what is taken for done. */
function checkPromises({ status, visits }: SagaInstance, definition: AnySaga): void {
  const isPivot = ({ step }: Visit): boolean => step === 'pivot';
  const turned = status === 'compensating' || status === 'compensated';
  if (visits.some((visit) => isPivot(visit) && visit.action.state === 'succeeded')) {
    expect({ turned, undone: visits.filter(({ undo }) => undo) }).toEqual({ turned: false, undone: [] });
  }
  for (const { step, action, undo } of visits) {
    const node = nodeNamed(definition, step);
    if (status === 'completed') {
      const target = node.kind === 'step' && node.onRejected[action.code ?? ''];
      const isDone = action.state === 'succeeded' || (action.state === 'rejected' && Boolean(target));
      expect({ step, action, isDone }).toEqual({ step, action, isDone: true });
    }
    if (status === 'compensated' && canBeUndone(node)) {
      const mayRemain = ['succeeded', 'failed', 'unknown'].includes(action.state);
      expect({ step, action, undo: undo?.state }).toEqual({
        step,
        action,
        undo: mayRemain ? 'succeeded' : undefined,
      });
    }
  }
}

function live(sketch: SagaSketch, isChild: boolean, acts: readonly Act[]): Life {
  const life = new Life(built(sketch), isChild);
  for (const one of acts) life.happens(one);
  return life;
}

const acts = fc.array(act, { maxLength: 60 });

describe('any saga that the language allows', () => {
  it('keeps its promises after every event, and what JSON gives back goes on alike', () => {
    fc.assert(
      fc.property(sagaSketch, fc.boolean(), acts, (sketch, isChild, all) => {
        live(sketch, isChild, all);
      }),
      { numRuns: RUNS },
    );
  });

  it('ends, is suspended, or waits for a signal once everything is answered', () => {
    fc.assert(
      fc.property(sagaSketch, fc.boolean(), acts, (sketch, isChild, all) => {
        const life = live(sketch, isChild, all);
        life.finish();
        const { status, visits } = life.instance;
        const waits = visits.some(({ step, action }) => step.startsWith('wait') && isOpen(action));
        expect(isEnded(status) || status === 'suspended' || waits).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('completes when every command succeeds and every signal comes', () => {
    fc.assert(
      fc.property(sagaSketch, (sketch) => {
        const life = new Life(built({ ...sketch, deadline: false }), false);
        for (let round = 0; round < 40 && !isEnded(life.instance.status); round += 1) {
          life.finish();
          life.happens({ kind: 'signal', choice: 1, detail: round, random: 0.5 });
        }
        expect(life.instance.status).toBe('completed');
      }),
      { numRuns: RUNS / 4 },
    );
  });
});
