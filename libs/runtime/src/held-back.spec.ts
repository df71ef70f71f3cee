import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { childId, command, saga, type SagaInstance, signal } from '@skald/core';
import { IsOptional } from 'class-validator';
import { Shop } from './shop.fixture.js';

class Nothing {
  @IsOptional()
  x?: string;
}
const Go = signal('go', { data: Nothing });
const Charge = command('payment.charge', { request: Nothing });
const Refund = command('payment.refund', { request: Nothing });
const KidSaga = saga('kid', { version: 1, input: Nothing })
  .step('charge', { send: Charge, with: () => ({}), undo: { send: Refund, with: () => ({}) } })
  .build();
const ParentSaga = saga('parent', { version: 1, input: Nothing })
  .child('kid', { saga: KidSaga, with: () => ({}) })
  .waitFor('go', { signals: [Go] })
  .build();
const GrandparentSaga = saga('grandparent', { version: 1, input: Nothing })
  .child('parent', { saga: ParentSaga, with: () => ({}) })
  .waitFor('go', { signals: [Go] })
  .build();

const NOTE = { actor: 'ada', reason: 'a test' };

describe('an ended instance that an operator wants removed', () => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await new Shop({ definitions: [KidSaga, ParentSaga, GrandparentSaga] }).open();
  });
  afterEach(() => shop.close());

  const start = async (definition: string, id: string): Promise<SagaInstance> => {
    const { instance } = await shop.engine.startSaga({ definition, id, input: {} });
    await shop.clock.advance(1_000);
    return instance;
  };
  const remove = (id: string): Promise<unknown> => shop.engine.operate(id, { kind: 'remove' }, NOTE);
  const told = (type: string): string[] =>
    shop.commands.filter((one) => one.type === type).map(({ sagaid }) => sagaid);

  it('stays while its parent may still undo it, and is undone then (P11)', async () => {
    const kid = childId(await start('parent', 'p'), { step: 'kid', visit: 1 });
    expect(await shop.status(kid)).toBe('completed');
    await expect(remove(kid)).rejects.toMatchObject({
      code: 'parent_may_undo',
      message: expect.stringMatching(/child of 'p', which may still compensate it/),
    });
    await shop.engine.cancel('p', 'changed my mind');
    await shop.clock.advance(1_000);
    expect(await shop.status('p')).toBe('compensated');
    expect(told('payment.refund')).toEqual([kid]);
    await remove(kid);
    expect(await shop.engine.find(kid)).toBeUndefined();
  });

  it('stays while the parent of its parent may have both undone', async () => {
    const parent = childId(await start('grandparent', 'g'), { step: 'parent', visit: 1 });
    await shop.engine.signal(parent, 'm', 'go', {});
    const instance = await shop.engine.find(parent);
    if (instance === undefined) throw new Error('no parent');
    const kid = childId(instance, { step: 'kid', visit: 1 });
    expect([instance.status, await shop.status(kid)]).toEqual(['completed', 'completed']);
    await expect(remove(kid)).rejects.toMatchObject({ code: 'parent_may_undo' });
    await shop.engine.signal('g', 'm', 'go', {});
    await shop.clock.advance(1_000);
    await remove(parent);
    await remove(kid);
    expect(await shop.engine.find(kid)).toBeUndefined();
  });

  it('goes when its parent is gone, though another saga has that id since', async () => {
    const kid = childId(await start('parent', 'p'), { step: 'kid', visit: 1 });
    await shop.engine.signal('p', 'm', 'go', {});
    await shop.clock.advance(1_000);
    await remove('p');
    await start('parent', 'p');
    await remove(kid);
    expect(await shop.engine.find(kid)).toBeUndefined();
    expect(await shop.status('p')).toBe('running');
  });

  it('stays while a message of it is owed, and goes when it is sent', async () => {
    let isAway = false;
    const transport = shop.transport();
    const send = transport.send.bind(transport);
    transport.send = (messages) => (isAway ? Promise.reject(new Error('away')) : send(messages));
    await shop.engine.stop();
    await shop.run({ transport });
    shop.answer = () => undefined;
    await start('kid', 'o');
    isAway = true;
    await shop.engine.operate('o', { kind: 'terminate' }, NOTE);
    await expect(remove('o')).rejects.toMatchObject({ code: 'messages_owed' });
    isAway = false;
    await shop.clock.advance(60_000);
    await remove('o');
    await shop.clock.advance(60_000);
    expect(shop.events().map(({ type }) => type)).toEqual([
      'skald.saga.started',
      'skald.saga.terminated',
      'skald.saga.removed',
    ]);
  });

  it('goes at once when all that it owed has just been sent', async () => {
    await start('kid', 'o');
    await shop.engine.operate('o', { kind: 'remove' }, NOTE);
    expect(await shop.engine.find('o')).toBeUndefined();
  });
});

describe('retention', () => {
  it('removes the child of a saga that is gone, though another one has its id since', async () => {
    const shop = await new Shop({ definitions: [KidSaga, ParentSaga] }).open({ retentionMs: 60_000 });
    const { instance } = await shop.engine.startSaga({ definition: 'parent', id: 'p', input: {} });
    await shop.clock.advance(1_000);
    const kid = childId(instance, { step: 'kid', visit: 1 });
    await shop.engine.signal('p', 'm', 'go', {});
    await shop.clock.advance(1_000);
    await shop.engine.operate('p', { kind: 'remove' }, NOTE);
    await shop.engine.startSaga({ definition: 'parent', id: 'p', input: {} });
    expect(await shop.status(kid)).toBe('completed');
    await shop.clock.advance(180_000);
    expect(await shop.engine.find(kid)).toBeUndefined();
    expect(await shop.status('p')).toBe('running');
    await shop.close();
  });
});
