import { describe, expect, it } from '@jest/globals';
import { RequestType } from '@skald/core';
import { MemoryStore } from '@skald/memory';
import { DefinitionRegistry } from '@skald/runtime';
import { violations } from './invariants.js';
import { Journal } from './journal.js';
import { Ledger } from './ledger.js';
import { ObservedStore } from './observed-store.js';

/** What is wrong with a run in which this copy of a call was refused. */
function problemsOf(code: string, answered: readonly string[]): string[] {
  const message = {
    specversion: '1.0' as const,
    id: 'a call',
    source: '/test',
    type: RequestType.call,
    namespace: 'simulation',
    sagaid: 'main',
  };
  return violations(
    {
      main: undefined,
      store: new ObservedStore(new MemoryStore(), () => undefined),
      ledger: new Ledger(),
      journal: new Journal(() => 0),
      faults: [],
      deadLetters: [{ delivery: { topic: 'simulation.saga.requests', message }, code, reason: 'a test' }],
      announced: new Map(),
      answers: new Map(answered.map((id) => [id, new Set(['{}'])])),
      cameToRest: true,
      events: 0,
    },
    new DefinitionRegistry(),
  ).filter((problem) => problem.startsWith('dead letter'));
}

describe('a call that is refused because its answer is no longer remembered', () => {
  it('is in order when it was answered before', () => {
    expect(problemsOf('answered_before', ['a call'])).toEqual([]);
  });

  it('is not when nobody ever had an answer', () => {
    expect(problemsOf('answered_before', ['another call'])).toEqual([
      'dead letter a call: answered_before, a test',
    ]);
  });
});
