import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { childId, saga, signal } from '@skald/core';
import type { StoreTurn } from '@skald/ports';
import { IsOptional } from 'class-validator';
import { Shop } from './shop.fixture.js';

class Nothing {
  @IsOptional()
  x?: string;
}
const Go = signal('go', { data: Nothing });
const ChildSaga = saga('kid', { version: 1, input: Nothing }).sleep('nap', 1).build();
const ParentSaga = saga('parent', { version: 1, input: Nothing })
  .child('kid', { saga: ChildSaga, with: () => ({}) })
  .waitFor('go', { signals: [Go] })
  .build();

describe('the retention of ended sagas', () => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await new Shop({ definitions: [ChildSaga, ParentSaga] }).open({ retentionMs: 10_000 });
  });
  afterEach(() => shop.close());
  const start = (definition: string, id: string): Promise<unknown> =>
    shop.engine.startSaga({ definition, id, input: {} });

  it('reaches all others behind the children of sagas that still run (P14)', async () => {
    await Promise.all(Array.from({ length: 250 }, (_, n) => start('parent', `p-${n}`)));
    await shop.clock.advance(3_000);
    await Promise.all(Array.from({ length: 5 }, (_, n) => start('kid', `old-${n}`)));
    await shop.clock.advance(60_000);
    for (let n = 0; n < 5; n += 1) expect(await shop.engine.find(`old-${n}`)).toBeUndefined();
    expect(await shop.status('p-249')).toBe('running');
  }, 60_000);

  it('reaches all others behind children that all ended in one millisecond', async () => {
    await start('parent', 'p');
    await shop.clock.advance(3_000);
    const [parent] = await shop.store.find([{ namespace: 'shop', id: 'p' }]);
    const visit = parent?.visits[0];
    if (parent === undefined || visit === undefined) throw new Error('it was not started');
    const child = await shop.engine.find(childId(parent, visit));
    if (child === undefined) throw new Error('its child was not started');
    const created = Array.from({ length: 210 }, (_, n) => ({ ...child, id: `c-${n}` }));
    await shop.store.transact((turn) =>
      turn.save('shop', { created, updated: [], history: [], owed: [], settled: [] }, shop.clock.now()),
    );
    await start('kid', 'late');
    await shop.clock.advance(30_000);
    expect(await shop.engine.find('late')).toBeUndefined();
    expect(await shop.status('c-209')).toBe('completed');
  }, 60_000);

  it('removes what calls itself the child of something that is no saga, and others with it (P19)', async () => {
    await start('kid', 'o');
    await start('kid', 'p');
    await shop.clock.advance(1_000);
    const [child] = await shop.store.find([{ namespace: 'shop', id: 'o' }]);
    if (child === undefined) throw new Error('it was not started');
    // As releases stored it that took a start with any reply topic for that of a parent.
    const instance = { ...child, parent: { doId: 'mine' }, revision: child.revision + 1 };
    const updated = [{ instance, fromRevision: child.revision }];
    await shop.store.transact((turn) =>
      turn.save('shop', { created: [], updated, history: [], owed: [], settled: [] }, shop.clock.now()),
    );
    await shop.clock.advance(60_000);
    for (const id of ['o', 'p']) expect(await shop.engine.find(id)).toBeUndefined();
  });

  it('waits until what is owed of a saga is sent (P15)', async () => {
    let isAway = false;
    const inner = shop.transport();
    await shop.engine.stop();
    const send = inner.send.bind(inner);
    inner.send = (messages) => (isAway ? Promise.reject(new Error('away')) : send(messages));
    await shop.run({ transport: inner, retentionMs: 10_000 });
    await start('kid', 'o');
    isAway = true;
    await shop.clock.advance(60_000);
    expect(await shop.status('o')).toBe('completed');
    isAway = false;
    await shop.clock.advance(60_000);
    expect(await shop.engine.find('o')).toBeUndefined();
    expect(shop.events('skald.saga.completed').map(({ sagaid }) => sagaid)).toContain('o');
  }, 60_000);

  it('does not look through all that is owed again and again while it cannot be sent', async () => {
    let isAway = false;
    const inner = shop.transport();
    await shop.engine.stop();
    const send = inner.send.bind(inner);
    inner.send = (messages) => (isAway ? Promise.reject(new Error('away')) : send(messages));
    await shop.run({ transport: inner, retentionMs: 10_000 });
    isAway = true;
    await Promise.all(Array.from({ length: 250 }, (_, n) => start('kid', `o-${n}`)));
    await shop.clock.advance(12_000);
    let looks = 0;
    const transact = shop.store.transact.bind(shop.store);
    shop.store.transact = <T>(work: (turn: StoreTurn) => Promise<T>): Promise<T> =>
      transact((turn) => {
        const owing = turn.owing.bind(turn);
        turn.owing = (...asked) => {
          looks += 1;
          return owing(...asked);
        };
        return work(turn);
      });
    await shop.clock.advance(20_000);
    expect(looks).toBeLessThanOrEqual(20);
    isAway = false;
    await shop.clock.advance(90_000);
    expect(await shop.engine.find('o-0')).toBeUndefined();
    expect(await shop.engine.find('o-249')).toBeUndefined();
  }, 60_000);
});
