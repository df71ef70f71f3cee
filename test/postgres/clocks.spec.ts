import { afterEach, describe, expect, it } from '@jest/globals';
import { command, saga, topics } from '@skald/core';
import { type Clock, systemClock } from '@skald/ports';
import type { EngineOptions, SagaEngine } from '@skald/runtime';
import { eventually } from '../contracts/transport-harness.js';
import { type Engines, engines, Order, OrderSaga } from './engines.js';

const TEN_MINUTES = 600_000;
const NAP_MS = 1_500;

const Pack = command('shop.pack', { request: Order });
const NapSaga = saga('nap', { version: 1, input: Order })
  .sleep('nap', NAP_MS)
  .step('pack', { send: Pack, with: ({ input }) => ({ item: input.item }) })
  .build();
const SilentSaga = saga('silent', { version: 1, input: Order })
  .step('pack', {
    send: Pack,
    with: ({ input }) => ({ item: input.item }),
    timeout: '300ms',
    retry: { maximumAttempts: 2, initialInterval: '100ms', jitter: 0 },
  })
  .build();

/** A clock of a process that is wrong by so much, and can be set. */
class WrongClock implements Clock {
  constructor(public ahead: number) {}

  elapsed(): number {
    return systemClock.elapsed();
  }

  after(milliseconds: number, callback: () => void): () => void {
    return systemClock.after(milliseconds, callback);
  }

  now(): number {
    return systemClock.now() + this.ahead;
  }
}

/** The database's own clock is the machine's. Two processes whose clocks are wrong, and twenty minutes apart. */
describe('processes whose clocks are wrong, on one PostgreSQL', () => {
  let shop: Engines | undefined;
  afterEach(() => shop?.close());

  async function opened(): Promise<Engines> {
    shop = await engines();
    return shop;
  }

  /** When the saga's command was sent, after how long, and how often until then. */
  async function sleepOf(made: Engines, id: string, begun: number): Promise<number> {
    const sent = (): number =>
      made.broker.messages(topics.commands('shop', 'shop')).filter(({ key }) => key === id).length;
    await eventually(() => sent() > 0);
    const took = performance.now() - begun;
    expect(sent()).toBe(1);
    return took;
  }

  it.each([
    ['ahead', 'behind', TEN_MINUTES],
    ['behind', 'ahead', -TEN_MINUTES],
  ])('wake a saga on time that one %s has started and one %s wakes', async (_one, _other, ahead) => {
    const made = await opened();
    const first = await made.start([NapSaga], { clock: new WrongClock(ahead) });
    const begun = performance.now();
    await first.startSaga({ definition: 'nap', id: 'nap-1', input: { item: 'book' } });
    await first.stop();
    await made.start([NapSaga], { clock: new WrongClock(-ahead) });
    const took = await sleepOf(made, 'nap-1', begun);
    expect(took).toBeGreaterThanOrEqual(NAP_MS - 20);
    expect(took).toBeLessThan(NAP_MS + 5_000);
    const [{ apart }] = (await made.dataSource.query(
      `SELECT abs(extract(epoch FROM clock_timestamp() - updated_at))::float8 AS apart FROM skald_instance`,
    )) as [{ apart: number }];
    expect(apart).toBeLessThan(60);
  });

  it('wake each of a hundred sagas once, at its time, while both run and clocks are set', async () => {
    const made = await opened();
    const clocks = [new WrongClock(TEN_MINUTES), new WrongClock(-TEN_MINUTES)];
    const replicas: SagaEngine[] = [];
    for (const clock of clocks) replicas.push(await made.start([NapSaga], { clock }));
    const begun = performance.now();
    const ids = Array.from({ length: 100 }, (_, number) => `nap-${number}`);
    await Promise.all(
      ids.map(async (id, number) => {
        await replicas[number % 2]?.startSaga({ definition: 'nap', id, input: { item: 'book' } });
      }),
    );
    const startedIn = performance.now() - begun;
    for (const clock of clocks) clock.ahead *= -1;
    const woken = await Promise.all(ids.map((id) => sleepOf(made, id, begun)));
    expect(Math.min(...woken)).toBeGreaterThanOrEqual(NAP_MS - 20);
    expect(Math.max(...woken)).toBeLessThan(NAP_MS + startedIn + 10_000);
  });

  it('tell silence on time, though the transport goes by the clock of the process', async () => {
    const made = await opened();
    for (const ahead of [TEN_MINUTES, -TEN_MINUTES]) {
      const engine = await made.start([SilentSaga], { clock: new WrongClock(ahead) });
      const id = `silent-${ahead}`;
      await engine.startSaga({ definition: 'silent', id, input: { item: 'book' } });
      await eventually(async () => (await engine.find(id))?.status !== 'running');
      await engine.stop();
    }
  });

  it.each([
    ['ahead', TEN_MINUTES],
    ['behind', -TEN_MINUTES],
  ])('keep what has ended as long as they must and no longer, %s', async (_name, ahead) => {
    const made = await opened();
    const options: Partial<EngineOptions> = { clock: new WrongClock(ahead) };
    const engine = await made.start([OrderSaga], options);
    for (const id of ['old', 'young']) {
      await engine.startSaga({ definition: 'order', id, input: { item: 'book' } });
      await engine.operate(id, { kind: 'terminate' }, { actor: 'a person', reason: 'a test' });
    }
    await engine.stop();
    await made.dataSource.query(
      `UPDATE skald_instance SET updated_at = clock_timestamp() - interval '6 minutes' WHERE id = 'old'`,
    );
    await made.dataSource.query(
      `UPDATE skald_instance SET updated_at = clock_timestamp() - interval '4 minutes' WHERE id = 'young'`,
    );
    const keeper = await made.start([OrderSaga], { ...options, retentionMs: 5 * 60_000 });
    await eventually(async () => (await keeper.find('old')) === undefined);
    // Both are looked at in one sweep.
    expect(await keeper.find('young')).toBeDefined();
    const [trace] = await keeper.removed('old');
    expect(Math.abs((trace?.removedAt ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('know of each other that they live', async () => {
    const made = await opened();
    await made.start([OrderSaga], { clock: new WrongClock(TEN_MINUTES) });
    const behind = await made.start([NapSaga], { clock: new WrongClock(-TEN_MINUTES) });
    // Only the other one knows that definition: what it is asked for goes there, and the answer comes back.
    const start = { definition: 'order', id: 'order-1', input: { item: 'book' } };
    expect(await behind.startSaga(start)).toMatchObject({ isNew: true });
  });
});
