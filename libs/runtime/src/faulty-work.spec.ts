import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { call, command, saga, type SagaInstance, signal, topics, transition } from '@skald/core';
import { type Changes, StoreUnavailableError, StoreUnusableError, UnstorableError } from '@skald/ports';
import { IsString } from 'class-validator';
import { Shop } from './shop.fixture.js';

class Order {
  @IsString()
  item!: string;
}
const Reserve = command('stock.reserve', { request: Order, reply: Order });
const Release = command('stock.release', { request: Order });
const Go = signal('go', { data: Order });
const Price = call('price', { request: Order, reply: Order });
const inputOf = ({ input }: { input: Order }): Order => input;

const OrderSaga = saga('order', { version: 1, input: Order, retry: { jitter: 0 } })
  .onCall(Price, { as: 'price', handle: (_, request) => ({ answer: request, keep: request }) })
  .step('reserve', {
    send: Reserve,
    with: inputOf,
    as: 'stock',
    timeout: '10s',
    undo: { send: Release, with: inputOf },
  })
  .waitFor('go', { signals: [Go], as: 'went' })
  .build();

/** What a test's store refuses for good. */
const BAD = 'what no table holds';
const holds = (instance: SagaInstance, text: string): boolean => JSON.stringify(instance).includes(text);

describe('work that fails whenever it is tried', () => {
  let shop: Shop;
  const start = (id: string, item = 'hat'): Promise<void> =>
    shop.send('skald.saga.start', id, { definition: 'order', input: { item } });
  const refuse =
    (isBad: (instance: SagaInstance) => boolean) =>
    ({ created, updated }: Changes): void => {
      if ([...created, ...updated.map((update) => update.instance)].some(isBad)) {
        throw new UnstorableError('the database refuses it');
      }
    };
  const suspension = async (id: string): Promise<unknown> => (await shop.engine.find(id))?.suspension;

  beforeEach(async () => {
    shop = await new Shop({ definitions: [OrderSaga] }).open();
    shop.answer = () => ({ kind: 'succeeded', data: { item: 'hat' } });
    shop.beforeSave = refuse((instance) => holds(instance, BAD));
  });
  afterEach(() => shop.close());

  it('is a start: it is refused with a dead letter and an answer, and all others begin', async () => {
    for (let n = 0; n < 20; n += 1) await start(`o-${n}`, n % 7 === 3 ? BAD : 'hat');
    await shop.clock.advance(1_000);
    for (let n = 0; n < 20; n += 1)
      expect(await shop.status(`o-${n}`)).toBe(n % 7 === 3 ? undefined : 'running');
    expect(shop.deadLetters().toSorted()).toEqual(['unusable o-10', 'unusable o-17', 'unusable o-3']);
    expect(shop.events('skald.request.refused').map(({ data }) => data)).toContainEqual({
      code: 'unusable',
      message: 'it cannot be carried out: the database refuses it',
      problems: [],
    });
  });

  it('is a start from inside the process: it alone is told', async () => {
    const all = ['hat', BAD, 'cap'].map((item, n) =>
      shop.engine.startSaga({ definition: 'order', id: `o-${n}`, input: { item } }),
    );
    const [first, second, third] = await Promise.allSettled(all);
    expect([first?.status, third?.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'unusable' } });
  });

  it('is a reply: its saga is suspended with the reason, its message put aside, and the others go on', async () => {
    shop.answer = ({ sagaid }) => ({ kind: 'succeeded', data: { item: sagaid === 'o-1' ? BAD : 'hat' } });
    for (const id of ['o-0', 'o-1', 'o-2']) await start(id);
    await shop.clock.advance(1_000);
    expect(await suspension('o-1')).toEqual({
      step: 'reserve',
      direction: 'do',
      outcome: 'defect',
      code: 'unstorable',
      message: 'the database refuses it',
    });
    expect(shop.deadLetters(topics.replies('shop'))).toEqual(['unstorable o-1']);
    expect((await shop.engine.find('o-0'))?.results).toEqual({ stock: { item: 'hat' } });
    expect((await shop.engine.find('o-2'))?.results).toEqual({ stock: { item: 'hat' } });
    expect(shop.events('skald.saga.suspended').map(({ sagaid }) => sagaid)).toEqual(['o-1']);
  });

  it('is a reply: a person can have the step tried again', async () => {
    shop.answer = ({ attempt }) => ({ kind: 'succeeded', data: { item: attempt === 1 ? BAD : 'hat' } });
    await start('o-1');
    await shop.clock.advance(1_000);
    await shop.engine.operate('o-1', { kind: 'retry' }, { actor: 'ada', reason: 'mended' });
    await shop.clock.advance(1_000);
    expect(await shop.engine.find('o-1')).toMatchObject({
      status: 'running',
      results: { stock: { item: 'hat' } },
    });
  });

  it('is a reply whose saga cannot even be suspended: it is put aside, and the others go on', async () => {
    shop.beforeSave = refuse(({ id, revision }) => id === 'o-1' && revision > 1);
    for (const id of ['o-0', 'o-1', 'o-2']) await start(id);
    await shop.clock.advance(1_000);
    expect(await shop.engine.find('o-1')).toMatchObject({ status: 'running', revision: 1 });
    expect(shop.deadLetters(topics.replies('shop'))).toEqual(['unstorable o-1']);
    expect((await shop.engine.find('o-2'))?.revision).toBe(2);
  });

  it.each([
    ['signal', 'skald.saga.signal', { signal: 'go', data: { item: BAD } }],
    ['call', 'skald.saga.call', { call: 'price', data: { item: BAD } }],
    ['cancel', 'skald.saga.cancel', { reason: BAD }],
  ])('is a %s: it is refused, and the saga stays as it was for the next one', async (_, type, data) => {
    await start('o-1');
    await shop.clock.advance(1_000);
    const before = await shop.engine.find('o-1');
    await shop.send(type, 'o-1', data);
    await shop.clock.advance(1_000);
    expect(await shop.engine.find('o-1')).toEqual(before);
    expect(shop.deadLetters()).toEqual(['unusable o-1']);
    expect(shop.events('skald.request.refused')).toMatchObject([
      { sagaid: 'o-1', data: { code: 'unusable' } },
    ]);
    await shop.send('skald.saga.signal', 'o-1', { signal: 'go', data: { item: 'now' } }, { id: 'another' });
    await shop.clock.advance(1_000);
    expect(await shop.status('o-1')).toBe('completed');
  });

  it('keeps its place among the work of its saga', async () => {
    await start('o-1');
    await shop.clock.advance(1_000);
    const price = (item: string, id: string): Promise<void> =>
      shop.send('skald.saga.call', 'o-1', { call: 'price', data: { item } }, { id });
    await Promise.all([price('one', 'c-1'), price(BAD, 'c-2'), price('three', 'c-3'), price('four', 'c-4')]);
    await shop.clock.advance(1_000);
    expect((await shop.engine.find('o-1'))?.results['price']).toEqual({ item: 'four' });
    expect(shop.events('skald.request.answered').map(({ requestid }) => requestid)).toEqual([
      'c-1',
      'c-3',
      'c-4',
    ]);
  });

  it('comes again as a whole, and ends nobody, while the store is away', async () => {
    shop.beforeSave = () => {
      throw new StoreUnavailableError('away');
    };
    for (const id of ['o-0', 'o-1']) await start(id);
    await shop.clock.advance(30_000);
    expect(shop.deadLetters()).toEqual([]);
    shop.beforeSave = () => undefined;
    await shop.clock.advance(30_000);
    expect(await Promise.all([shop.status('o-0'), shop.status('o-1')])).toEqual(['running', 'running']);
  });

  describe('because deciding it throws', () => {
    const throwing: typeof transition = (definition, instance, event) => {
      const after = transition(definition, instance, event);
      if (after !== null && event.kind !== 'defect' && holds(after.instance, BAD))
        throw new TypeError('no such thing');
      return after;
    };

    beforeEach(async () => {
      await shop.engine.stop();
      shop.beforeSave = () => undefined;
      await shop.run({ transition: throwing });
    });

    it('is refused where it is a start', async () => {
      await start('o-0', BAD);
      await start('o-1');
      await shop.clock.advance(1_000);
      expect([await shop.status('o-0'), await shop.status('o-1')]).toEqual([undefined, 'running']);
      expect(shop.deadLetters()).toEqual(['unusable o-0']);
      expect(shop.events('skald.request.refused')).toMatchObject([{ data: { code: 'unusable' } }]);
    });

    it('suspends its saga where it is a reply, and changes nothing else of it', async () => {
      shop.answer = ({ sagaid }) => ({ kind: 'succeeded', data: { item: sagaid === 'o-1' ? BAD : 'hat' } });
      for (const id of ['o-0', 'o-1', 'o-2']) await start(id);
      await shop.clock.advance(1_000);
      expect(await shop.engine.find('o-1')).toMatchObject({
        status: 'suspended',
        revision: 2,
        results: {},
        suspension: { code: 'processing_failed', message: 'handling it threw: no such thing' },
      });
      expect((await shop.engine.history('o-1')).map(({ cause }) => cause.kind)).toEqual([
        'started',
        'defect',
      ]);
      expect(shop.deadLetters(topics.replies('shop'))).toEqual(['processing_failed o-1']);
      expect((await shop.engine.find('o-2'))?.results).toEqual({ stock: { item: 'hat' } });
    });
  });

  describe('is a timer', () => {
    beforeEach(async () => {
      shop.answer = () => undefined;
      for (const id of ['o-0', 'o-1', 'o-2']) await start(id);
      await shop.clock.advance(1_000);
    });

    const attempts = (id: string): (number | undefined)[] =>
      shop.commands.filter(({ sagaid }) => sagaid === id).map(({ attempt }) => attempt);

    it('suspends its saga, and wakes all others', async () => {
      shop.beforeSave = refuse(({ id, status }) => id === 'o-1' && status !== 'suspended');
      await shop.clock.advance(15_000);
      expect(await suspension('o-1')).toMatchObject({ outcome: 'defect', code: 'unstorable' });
      expect([attempts('o-0'), attempts('o-1'), attempts('o-2')]).toEqual([[1, 2], [1], [1, 2]]);
    });

    it('of a saga that cannot even be suspended wakes all others, and is told once', async () => {
      shop.beforeSave = refuse(({ id }) => id === 'o-1');
      await shop.clock.advance(60_000);
      expect(await shop.engine.find('o-1')).toMatchObject({ status: 'running', revision: 1 });
      expect(attempts('o-2').length).toBeGreaterThan(2);
      expect(shop.lines.filter((line) => line.includes("'o-1'"))).toHaveLength(1);
    });

    it('of a saga that can neither be suspended nor put off is tried once a second, not all the time', async () => {
      let tries = 0;
      shop.beforeSave = ({ updated, postponed = [] }) => {
        const ids = [...updated.map(({ instance }) => instance.id), ...postponed.map(({ key }) => key.id)];
        if (!ids.includes('o-1')) return;
        tries += 1;
        throw new UnstorableError('the database refuses it');
      };
      await shop.clock.advance(60_000);
      expect(tries).toBeGreaterThan(3);
      // Each time with the others and alone, suspended and put off.
      expect(tries).toBeLessThan(60 * 5);
    });

    it('of a saga whose structure has changed suspends it once, with one entry in its history (P4)', async () => {
      await shop.engine.stop();
      const before = await shop.store.find([{ namespace: 'shop', id: 'o-1' }]);
      await shop.run();
      await shop.store.transact((turn) =>
        turn.save(
          'shop',
          {
            created: [],
            updated: before.map((instance) => ({
              instance: { ...instance, definition: { ...instance.definition, hash: 'another' } },
              fromRevision: instance.revision,
            })),
            history: [],
            owed: [],
            settled: [],
          },
          shop.clock.now(),
        ),
      );
      await shop.clock.advance(15_000);
      expect(await suspension('o-1')).toMatchObject({ code: 'definition_changed' });
      expect((await shop.engine.history('o-1')).map(({ sequence }) => sequence)).toEqual([1, 2]);
      expect(attempts('o-2')).toEqual([1, 2]);
    });
  });
});

describe('a store that becomes unusable while an engine runs, as behind a pooler that somebody puts before it', () => {
  let shop: Shop;
  const becomeUnusable = (): void => {
    shop.beforeSave = () => {
      throw new StoreUnusableError('the connections go through a pooler');
    };
  };
  const recover = (): void => {
    shop.beforeSave = () => undefined;
  };
  const start = (id: string): Promise<void> =>
    shop.send('skald.saga.start', id, { definition: 'order', input: { item: 'hat' } });

  beforeEach(async () => {
    shop = await new Shop({ definitions: [OrderSaga] }).open();
    shop.answer = () => ({ kind: 'succeeded', data: { item: 'hat' } });
  });
  afterEach(() => shop.close());

  it('loses no start: all are done when the store is as it was', async () => {
    becomeUnusable();
    for (let n = 0; n < 5; n += 1) await start(`o-${n}`);
    await shop.clock.advance(30_000);
    recover();
    await shop.clock.advance(30_000);
    expect(shop.deadLetters()).toEqual([]);
    for (let n = 0; n < 5; n += 1) expect(await shop.status(`o-${n}`)).toBe('running');
  });

  it('loses no reply: the saga is not suspended, and its reply is not put aside', async () => {
    shop.answer = () => {
      becomeUnusable();
      return { kind: 'succeeded', data: { item: 'hat' } };
    };
    await start('o-1');
    await shop.clock.advance(5_000);
    recover();
    await shop.clock.advance(20_000);
    expect(shop.deadLetters('shop.saga.replies')).toEqual([]);
    expect(await shop.engine.find('o-1')).toMatchObject({
      status: 'running',
      visits: [{ action: { state: 'succeeded' } }, {}],
    });
  });
});
