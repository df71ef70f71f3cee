import { describe, expect, it } from '@jest/globals';
import {
  type CommandRef,
  type Effect,
  exchangeOf,
  isEnded,
  parseCommandId,
  type SagaInstance,
  type Transition,
  transition,
} from '@skald/core';
import type { Store, StoreTurn } from '@skald/runtime';
import { SCENARIOS } from './scenarios.js';
import { type Mutation, simulate, type Violation } from './simulate.js';

type Decide = typeof transition;

/** Every reply is taken for one to a command that is pending. */
const withoutPendingCheck: Decide = (definition, instance, event) => {
  if (event.kind !== 'reply' || instance === null || isEnded(instance.status)) {
    return transition(definition, instance, event);
  }
  return transition(definition, reopened(instance, event.command), event);
};

function reopened(instance: SagaInstance, { step, visit: number, direction }: CommandRef): SagaInstance {
  const visits = instance.visits.map((visit) => {
    const exchange = exchangeOf(visit, direction);
    if (visit.step !== step || visit.visit !== number || exchange === undefined) return visit;
    const pending = { ...exchange, state: 'pending' } as const;
    return direction === 'do' ? { ...visit, action: pending } : { ...visit, [direction]: pending };
  });
  return { ...instance, visits };
}

/** What may have happened is taken for what has not: it is not undone. */
const withoutUndoOfUnknown: Decide = (definition, instance, event) => {
  let after = transition(definition, instance, event);
  while (after !== null) {
    const skipped = after.effects.find((effect) => undoesUnknown(effect, after));
    if (skipped?.kind !== 'send') return after;
    const command = parseCommandId(skipped.commandId);
    const outcome = { kind: 'succeeded', data: null } as const;
    const { at, random } = event;
    const next = transition(definition, after.instance, {
      kind: 'reply',
      command,
      attempt: undefined,
      outcome,
      at,
      random,
    });
    const { revision } = after.instance;
    const effects = after.effects.filter((effect) => effect !== skipped);
    after = next && { instance: { ...next.instance, revision }, effects: [...effects, ...next.effects] };
  }
  return after;
};

function undoesUnknown(effect: Effect, after: Transition | null): boolean {
  if (effect.kind !== 'send' || effect.direction !== 'undo') return false;
  const visit = after?.instance.visits.find((one) => one.step === effect.step && one.visit === effect.visit);
  return visit?.action.state === 'unknown';
}

/** What was done first is undone first. */
const withOldestUndoneFirst: Decide = (definition, instance, event) => {
  const reversed = instance && { ...instance, visits: instance.visits.toReversed() };
  const isTurning = instance?.status === 'compensating' && event.kind === 'reply';
  if (!isTurning) return transition(definition, instance, event);
  const after = transition(definition, reversed, event);
  if (after === null || after.instance === reversed) return after && { ...after, instance };
  return { ...after, instance: { ...after.instance, visits: after.instance.visits.toReversed() } };
};

/** An id that is used again gives the same command ids as before. */
const withoutIncarnation: Decide = (definition, instance, event) => {
  const after = transition(definition, instance, event);
  const incarnation = instance === null ? after?.instance.incarnation : undefined;
  if (after === null || incarnation === undefined) return after;
  const { incarnation: _, ...rest } = after.instance;
  return JSON.parse(
    JSON.stringify({ ...after, instance: rest }).replaceAll(`/${incarnation}/`, '/'),
  ) as Transition;
};

/** A store whose transactions are changed. */
function withTurns(change: (turn: StoreTurn) => Partial<StoreTurn>): (store: Store) => Store {
  return (store) => ({
    ...store,
    transact: (work) =>
      store.transact((turn) =>
        work({
          ...turn,
          ...change(turn),
        }),
      ),
  });
}

/** Does not see instances that have just begun, and writes over them. */
function forgetful(turn: StoreTurn): Partial<StoreTurn> {
  const unseen = new Set<string>();
  return {
    lock: async (keys) => {
      const found = await turn.lock(keys);
      for (const { id, revision } of found) if (revision === 1) unseen.add(id);
      return found.filter(({ id }) => !unseen.has(id));
    },
    save: (namespace, changes, now) => {
      const over = changes.created.filter(({ id }) => unseen.has(id));
      const updated = [...changes.updated, ...over.map((instance) => ({ instance, fromRevision: 1 }))];
      const created = changes.created.filter(({ id }) => !unseen.has(id));
      return turn.save(namespace, { ...changes, created, updated }, now);
    },
  };
}

interface NoticedMutation extends Mutation {
  readonly name: string;
  /** The scenario in which it is looked for. Default: all. */
  readonly saga?: string;
  readonly notices: RegExp;
}

const MUTATIONS: readonly NoticedMutation[] = [
  {
    name: 'replies are taken for commands that are not pending',
    transition: withoutPendingCheck,
    notices: /main/,
  },
  {
    name: 'steps with an unknown outcome are not undone',
    transition: withoutUndoOfUnknown,
    notices: /remains|counts as undone/,
  },
  {
    name: 'compensation begins with the oldest step',
    transition: withOldestUndoneFirst,
    notices: /undone after what came before it/,
  },
  {
    name: 'the relay finds nothing in the outbox',
    store: withTurns(() => ({ lockOwed: () => Promise.resolve([]) })),
    notices: /still due/,
  },
  {
    name: 'what a turn owes is not written down',
    store: withTurns((turn) => ({
      save: (namespace, changes, now) => turn.save(namespace, { ...changes, owed: [] }, now),
    })),
    notices: /nothing will ever happen|nobody was told|still due/,
  },
  {
    name: 'a saga that is there already is started again',
    store: withTurns(forgetful),
    notices: /its history is numbered 1 1/,
  },
  {
    name: 'timers find nothing due',
    store: withTurns(() => ({ lockDue: () => Promise.resolve([]) })),
    notices: /still due/,
  },
  {
    name: 'an id that is used again is taken for the saga that had it before',
    transition: withoutIncarnation,
    saga: 'loan',
    notices: /is completed, and .+ was undone/,
  },
  {
    name: 'retention removes what is still owed',
    store: withTurns(() => ({ owing: () => Promise.resolve([]) })),
    notices: /nobody was told|nothing will ever happen/,
  },
  {
    name: 'retention removes the children of sagas that may still undo them',
    store: withTurns((turn) => ({
      lockEnded: async (...what) => (await turn.lockEnded(...what)).map(({ parent: _, ...rest }) => rest),
    })),
    notices: /was removed, and the saga is there/,
  },
];

async function firstViolation(mutation: Mutation, saga?: string): Promise<Violation | undefined> {
  for (const { name, sagas, options } of SCENARIOS) {
    if (name !== (saga ?? name)) continue;
    const { violation } = await simulate(sagas, { ...options, seed: 1, runs: 200, mutation });
    if (violation !== undefined) return violation;
  }
  return undefined;
}

/** Some are found after thousands of runs, on two cores that run other tests, too. */
const FOUND_WITHIN_MS = 240_000;

describe('the simulation notices when', () => {
  it.each(MUTATIONS)(
    '$name',
    async ({ notices, saga, ...mutation }) => {
      const violation = await firstViolation(mutation, saga);
      expect(violation?.problems.join('\n')).toMatch(notices);
    },
    FOUND_WITHIN_MS,
  );
});

describe('a violation', () => {
  it('tells seed, run, what does not hold, and the shortest run found as a timeline', async () => {
    const violation = await firstViolation({ transition: withoutUndoOfUnknown });
    expect(violation?.text).toMatch(/^Seed 1, run \d+:\n- saga 'main/);
    expect(violation?.text).toMatch(/started → send 'book hotel'/);
    expect(violation?.faults.length).toBeLessThanOrEqual(3);
    for (const fault of violation?.faults ?? []) expect(violation?.text).toContain(`FAULT ${fault}`);
  });
});
