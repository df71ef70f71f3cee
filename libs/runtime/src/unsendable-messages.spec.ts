import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { command, RequestType, saga } from '@skald/core';
import { IsString } from 'class-validator';
import { Shop } from './shop.fixture.js';

class Order {
  @IsString()
  item!: string;
}
const Reserve = command('stock.reserve', { request: Order });
const Release = command('stock.release', { request: Order });
const twice = ({ input }: { input: Order }): Order => ({ item: input.item.repeat(2) });

const OrderSaga = saga('order', { version: 1, input: Order })
  .step('reserve', { send: Reserve, with: twice, undo: { send: Release, with: ({ input }) => input } })
  .build();
const EchoSaga = saga('echo', { version: 1, input: Order })
  .sleep('nap', 1)
  .build(({ input }) => ({ item: input.item.repeat(2) }));
const FamilySaga = saga('family', { version: 1, input: Order })
  .child('echo', { saga: EchoSaga, with: ({ input }) => input })
  .build();

describe('a message that can never be sent', () => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await new Shop({
      definitions: [OrderSaga, EchoSaga, FamilySaga],
      broker: { maximumBytes: 3_000 },
    }).open();
  });
  afterEach(() => shop.close());

  it('is a command: its saga is suspended within seconds, and all others go on', async () => {
    for (const id of ['a', 'large', 'b']) {
      await shop.engine.startSaga({
        definition: 'order',
        id,
        input: { item: id === 'large' ? 'x'.repeat(2_000) : 'hat' },
      });
    }
    await shop.clock.advance(10_000);
    expect([await shop.status('a'), await shop.status('b')]).toEqual(['completed', 'completed']);
    expect((await shop.engine.find('large'))?.suspension).toMatchObject({
      step: 'reserve',
      direction: 'do',
      outcome: 'defect',
      code: 'message_refused',
      message: expect.stringContaining('of 3000 bytes'),
    });
    // It is not tried again and again.
    const { length } = shop.lines;
    await shop.clock.advance(60_000);
    expect(shop.lines.slice(length).filter((line) => line.includes('relay'))).toEqual([]);
  });

  it('is one that its definition makes only once: its saga is suspended, and the others of its batch wait for nothing', async () => {
    let calls = 0;
    const Fickle = saga('fickle', { version: 1, input: Order })
      .step('reserve', {
        send: Reserve,
        with: ({ input }) => {
          calls += 1;
          if (calls > 1) throw new Error('not twice');
          return input;
        },
      })
      .build();
    await shop.close();
    shop = await new Shop({ definitions: [OrderSaga, Fickle] }).open();
    const start = (definition: string, id: string): Promise<void> =>
      shop.send(RequestType.start, id, { definition, input: { item: 'hat' } });
    await Promise.all([start('order', 'a'), start('fickle', 'f'), start('order', 'b')]);
    await shop.clock.advance(1_000);
    expect([await shop.status('a'), await shop.status('b')]).toEqual(['completed', 'completed']);
    await shop.clock.advance(10_000);
    expect((await shop.engine.find('f'))?.suspension).toMatchObject({
      step: 'reserve',
      outcome: 'defect',
      message: expect.stringContaining('not twice'),
    });
  });

  it('is a command: a person can have it compensated', async () => {
    await shop.engine.startSaga({ definition: 'order', id: 'o', input: { item: 'x'.repeat(2_000) } });
    await shop.clock.advance(10_000);
    await shop.engine.operate('o', { kind: 'compensate' }, { actor: 'ada', reason: 'too large' });
    await shop.clock.advance(10_000);
    expect(await shop.status('o')).toBe('compensated');
  });

  it('is an event: it goes out in short form', async () => {
    await shop.engine.startSaga({ definition: 'echo', id: 'e', input: { item: 'x'.repeat(2_000) } });
    await shop.clock.advance(15_000);
    expect(await shop.status('e')).toBe('completed');
    expect(shop.events('skald.saga.completed').map(({ sagaid }) => sagaid)).toEqual(['e']);
    const { length } = shop.lines;
    await shop.clock.advance(60_000);
    expect(shop.lines.slice(length).filter((line) => line.includes('relay'))).toEqual([]);
  });

  it("is a child saga's answer: its parent is told that it cannot have the output, and compensates", async () => {
    await shop.engine.startSaga({ definition: 'family', id: 'f', input: { item: 'x'.repeat(2_000) } });
    await shop.clock.advance(30_000);
    expect(await shop.status('f')).toBe('compensated');
    const { length } = shop.lines;
    await shop.clock.advance(60_000);
    expect(shop.lines.slice(length).filter((line) => line.includes('relay'))).toEqual([]);
  });
});
