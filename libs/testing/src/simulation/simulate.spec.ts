import { describe, expect, it } from '@jest/globals';
import { command, saga } from '@skald/core';
import { IsString } from 'class-validator';
import { DEFAULT_FAULTS } from './faults.js';
import { type Scenario, SCENARIOS } from './scenarios.js';
import { simulate, type SimulationReport } from './simulate.js';

class Order {
  @IsString()
  item!: string;
}
class Reserved {
  @IsString()
  reservationId!: string;
}
const Reserve = command('stock.reserve', { request: Order, reply: Reserved, rejections: ['sold_out'] });
const Release = command('stock.release', { request: Order });
const Ship = command('shipping.ship', { request: Order, rejections: ['no_address'] });
const item = ({ input }: { input: Order }): Order => ({ item: input.item });

const OrderSaga = saga('order', { version: 1, input: Order, timeout: '5s' })
  .step('reserve', { send: Reserve, with: item, as: 'stock', undo: { send: Release, with: item } })
  .pivot('ship', { send: Ship, with: item })
  .build();

function run({ sagas, options }: Scenario, runs: number, seed = 1): Promise<SimulationReport> {
  return simulate(sagas, { ...options, seed, runs });
}

const CONSTRUCTS = [
  'branch',
  'call',
  'cancel',
  'child',
  'deadline',
  'onRejected',
  'parallel',
  'pivot',
  'probe',
  'retriable',
  'retry',
  'several visits',
  'signal',
  'sleep',
  'step',
  'undo',
  'unknown',
  'wait',
];

describe('a simulated saga', () => {
  it.each(SCENARIOS)('$name keeps its promises in a hundred runs', async (scenario) => {
    const { violation, runs } = await run(scenario, 100);
    expect(violation?.text).toBeUndefined();
    expect(runs).toBe(100);
  });

  it('completes in every run without faults', async () => {
    const none = Object.fromEntries(Object.keys(DEFAULT_FAULTS).map((kind) => [kind, 0]));
    const report = await simulate(OrderSaga, {
      seed: 1,
      runs: 20,
      input: { item: 'hat' },
      participants: { 'stock.reserve': () => ({ reservationId: 'r-1' }) },
      faults: none,
    });
    expect(report).toMatchObject({ ended: { completed: 20 }, faults: {} });
  });

  it('needs to be told the replies whose fields are checked', async () => {
    await expect(simulate(OrderSaga, { seed: 1, runs: 1, input: { item: 'hat' } })).rejects.toThrow(
      "say what 'stock.reserve' replies",
    );
  });

  it('meets every kind of fault and every construct of the language', async () => {
    const reports = await Promise.all(SCENARIOS.map((scenario) => run(scenario, 120, 7)));
    const seen = (of: (report: SimulationReport) => object): string[] => [
      ...new Set(reports.flatMap((report) => Object.keys(of(report)))),
    ];
    expect(seen(({ faults }) => faults)).toHaveLength(Object.keys(DEFAULT_FAULTS).length);
    expect(seen(({ constructs }) => constructs).toSorted()).toEqual(CONSTRUCTS);
  });
});

describe('a seed', () => {
  it.each(SCENARIOS)('gives the same runs of $name to the byte', async (scenario) => {
    const first = await run(scenario, 25, 3);
    const second = await run(scenario, 25, 3);
    expect(second).toEqual(first);
  });

  it('gives other runs than another seed', async () => {
    const [scenario] = SCENARIOS;
    if (scenario === undefined) throw new Error('no scenario');
    const first = await run(scenario, 5, 3);
    const second = await run(scenario, 5, 4);
    expect(second.fingerprint).not.toBe(first.fingerprint);
  });

  it('gives a run again by its number', async () => {
    const [scenario] = SCENARIOS;
    if (scenario === undefined) throw new Error('no scenario');
    const [all, first, second] = await Promise.all(
      [{ runs: 2 }, { runs: 1 }, { runs: 1, firstRun: 2 }].map((range) =>
        simulate(scenario.sagas, { ...scenario.options, seed: 5, ...range }),
      ),
    );
    const total = Object.values(all?.faults ?? {}).reduce((sum, count) => sum + count, 0);
    const parts = [first, second].flatMap((report) => Object.values(report?.faults ?? {}));
    expect(parts.reduce((sum, count) => sum + count, 0)).toBe(total);
  });
});
