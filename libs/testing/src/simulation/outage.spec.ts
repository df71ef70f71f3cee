import { describe, expect, it } from '@jest/globals';
import { command, saga } from '@skald/core';
import { DEFAULT_FAULTS } from './faults.js';
import { type Mutation, simulate, type SimulationReport } from './simulate.js';

class Order {
  item!: string;
}
const item = ({ input }: { input: Order }): Order => ({ item: input.item });
const undo = { send: command('stock.release', { request: Order }), with: item };
const NONE = Object.fromEntries(Object.keys(DEFAULT_FAULTS).map((kind) => [kind, 0]));

/** Its participants take up to 40 seconds, which is in time, and are asked once. */
const PatientSaga = saga('patient', {
  version: 1,
  input: Order,
  timeout: '45s',
  retry: { maximumAttempts: 1 },
})
  .step('reserve', { send: command('stock.reserve', { request: Order }), with: item, undo })
  .step('pack', { send: command('stock.pack', { request: Order }), with: item, undo })
  .build();

function run(mutation: Mutation = {}): Promise<SimulationReport> {
  const faults = { ...NONE, slow: 1, 'database away': 1, 'message delayed': 0.2 };
  return simulate(PatientSaga, { seed: 1, runs: 60, input: { item: 'hat' }, faults, mutation });
}

describe('an outage of the database that is longer than the time of a command', () => {
  it('is no silence: whatever was answered in time counts, and every saga completes', async () => {
    const { ended, faults, violation } = await run();
    expect(violation?.text).toBeUndefined();
    expect(ended).toEqual({ completed: 60 });
    expect(faults).toMatchObject({ 'database away': expect.any(Number), slow: expect.any(Number) });
  });

  it('would be taken for silence if timers counted before the backlog was read (K5)', async () => {
    const { ended } = await run({
      transport: (transport) => ({ ...transport, progress: () => undefined }),
    });
    expect(ended['compensated']).toBeGreaterThan(0);
  });
});
