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
import { MessageRefusedError, type Store, type StoreTurn, type Transport } from '@skald/ports';
import type { FaultKind } from './faults.js';
import { type Scenario, SCENARIOS } from './scenarios.js';
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

/** Reads without a lock, and writes over whatever was written meanwhile. */
function lockless(turn: StoreTurn): Partial<StoreTurn> {
  return {
    lock: (keys) => turn.find(keys),
    save: async (namespace, changes, now) => {
      const keys = changes.updated.map(({ instance: { id } }) => ({ namespace, id }));
      const revisions = new Map((await turn.find(keys)).map(({ id, revision }) => [id, revision]));
      const updated = changes.updated.map(({ instance, fromRevision }) => ({
        instance,
        fromRevision: revisions.get(instance.id) ?? fromRevision,
      }));
      return turn.save(namespace, { ...changes, updated }, now);
    },
  };
}

function withProcesses(change: Partial<Store['processes']>): (store: Store) => Store {
  return (store) => ({ ...store, processes: { ...store.processes, ...change } });
}

/** What the broker refuses for good meets another end. */
function onRefusal(end: () => void): (transport: Transport) => Transport {
  return (transport) => ({
    ...transport,
    send: async (messages) => {
      try {
        await transport.send(messages);
      } catch (error) {
        if (!(error instanceof MessageRefusedError)) throw error;
        end();
      }
    },
  });
}

interface NoticedMutation extends Mutation {
  readonly name: string;
  /** The scenario in which it is looked for. Default: all. */
  readonly saga?: string;
  /** Without faults of this kind the same runs notice nothing. */
  readonly only?: FaultKind;
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
    notices: /is completed, and .+ was undone|child saga of .+ was removed, and the saga is there/,
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
  {
    name: 'transactions write over what others have written meanwhile',
    store: withTurns(lockless),
    only: 'transactions meet',
    notices: /its history is numbered/,
  },
  {
    name: 'a process does not hear what the newer ones know',
    store: withProcesses({ beat: () => Promise.resolve([]) }),
    saga: 'loan',
    only: 'two builds',
    notices: /unknown_definition/,
  },
  {
    name: 'nobody takes up what was kept for the newer build',
    store: withProcesses({ take: () => Promise.resolve([]) }),
    saga: 'loan',
    only: 'two builds',
    notices: /still due/,
  },
  {
    name: 'what the broker refuses for good is taken for sent',
    transport: onRefusal(() => undefined),
    only: 'message refused',
    notices: /nobody was told|nothing will ever happen/,
  },
  {
    name: 'what the broker refuses for good is sent again and again',
    transport: onRefusal(() => {
      throw new Error('the broker is away');
    }),
    only: 'message refused',
    notices: /still due/,
  },
];

async function firstViolation(
  mutation: Mutation,
  saga?: string,
): Promise<(Violation & { readonly scenario: Scenario }) | undefined> {
  for (const scenario of SCENARIOS) {
    if (scenario.name !== (saga ?? scenario.name)) continue;
    const { violation } = await simulate(scenario.sagas, {
      ...scenario.options,
      seed: 1,
      runs: 200,
      mutation,
    });
    if (violation !== undefined) return { ...violation, scenario };
  }
  return undefined;
}

/** Some are found after thousands of runs, on two cores that run other tests, too. */
const FOUND_WITHIN_MS = 240_000;

describe('the simulation notices when', () => {
  it.each(MUTATIONS)(
    '$name',
    async ({ notices, saga, only, ...mutation }) => {
      const violation = await firstViolation(mutation, saga);
      expect(violation?.problems.join('\n')).toMatch(notices);
      if (only === undefined || violation === undefined) return;
      const { run, scenario } = violation;
      const without = { ...scenario.options, faults: { [only]: 0 }, seed: 1, runs: run, mutation };
      expect((await simulate(scenario.sagas, without)).violation?.text).toBeUndefined();
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
