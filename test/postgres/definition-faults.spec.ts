import { afterEach, describe, expect, it } from '@jest/globals';
import { saga } from '@skald/core';
import { until } from '../participant/participant-harness.js';
import { type Engines, engines, Order, Pack } from './engines.js';

const Nap = saga('nap', { version: 1, input: Order })
  .sleep('nap', ({ input }) => input.until ?? 0)
  .build(({ input }) => ({ item: input.item }));

const NOT_JSON: Record<string, unknown> = {
  bigint: 1n,
  nan: Number.NaN,
  zero: -0,
  nul: 'a\0b',
  half: 'a\ud800',
  promise: Promise.resolve(1),
};
/** Its functions give, or throw, what the item says. */
const Faulty = saga('faulty', { version: 1, input: Order })
  .step('pack', {
    send: Pack,
    with: ({ input }) => {
      if (input.item === 'throws') throw new Error(`a\0b${'x'.repeat(2_000_000)}`);
      return { item: NOT_JSON[input.item] as string };
    },
  })
  .build();

const GOOD = 20;

describe('what the functions of a definition give, on PostgreSQL', () => {
  let shop: Engines | undefined;
  afterEach(() => shop?.close());

  it('a pause until a date that is past ends at once, one that cannot be stored suspends its saga, and others go on', async () => {
    shop = await engines();
    const engine = await shop.start([Nap]);
    const past = ['1970-01-01', '1970-01-01T00:00:00Z', '0000-01-01', '0001-01-01', '-271821-04-20'];
    const never = [
      '9999-12-31T24:00:00Z',
      '+275760-09-13T00:00:00Z',
      '2026-02-30',
      'tomorrow',
      '1e9d',
      '-1s',
    ];
    const start = (id: string, input: Order): Promise<unknown> =>
      engine.startSaga({ definition: 'nap', id, input: { ...input } });
    await Promise.all([
      ...[...past, ...never].map((date) => start(date, { item: 'x', until: date })),
      ...Array.from({ length: GOOD }, (_, number) => start(`good-${number}`, { item: 'x' })),
    ]);
    const good = Array.from({ length: GOOD }, (_, number) => `good-${number}`);
    for (const id of [...past, ...good]) {
      await until(async () => ((await engine.find(id))?.status === 'completed' ? true : undefined));
    }
    for (const id of never) {
      const { status, suspension } = (await engine.find(id)) ?? {};
      expect([id, status, suspension?.step]).toEqual([id, 'suspended', 'nap']);
      expect(suspension?.message).toMatch(/is no date|lies after|is not a duration|must lie between/);
    }
  });

  it('a payload that is not JSON suspends its saga with the place, and none is stored as something else', async () => {
    shop = await engines();
    const engine = await shop.start([Faulty]);
    const items = [...Object.keys(NOT_JSON), 'throws'];
    await Promise.all(
      items.map((item) => engine.startSaga({ definition: 'faulty', id: item, input: { item } })),
    );
    for (const id of items) {
      const { status, suspension } = (await engine.find(id)) ?? {};
      expect([id, status]).toEqual([id, 'suspended']);
      expect(suspension).toMatchObject({ step: 'pack', outcome: 'defect' });
      expect(suspension?.message.length).toBeLessThan(1_100);
      if (id !== 'throws') expect(suspension?.message).toContain("the payload of 'pack', at 'item',");
    }
  });
});
